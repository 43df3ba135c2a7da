/** What is wrong with a policy, found when it is loaded. */

/** One mistake and where it is. */
export interface PolicyMistake {
  /** The path of the field in the entry, such as `["policy", "conditions", 0, "operator"]`. */
  readonly field: readonly (string | number)[];
  /** Where in the text of that field, counted in characters from 0; `null` for the field as a whole. */
  readonly offset: number | null;
  /** What is wrong and what to do. */
  readonly text: string;
}
