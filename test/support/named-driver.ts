/** How tests give lowered code what it calls where its module cannot import it: as names of the module. */

const IMPORT = /import \{([^}]*)\} from "beamish:lowered-code";/;

/** The text of a lowered module with its import replaced by names taken out of an object, which `from` is an expression for. */
export function withNamedDriver(code: string, from: string, before = ""): string {
  return code.replace(IMPORT, (_, names: string) => `${before}const {${names.replaceAll(" as ", ": ")}} = ${from};`);
}
