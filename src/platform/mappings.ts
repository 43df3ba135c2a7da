/**
 * The mappings of source maps: which place of generated text stands for which place of a source. In a map they are a
 * string: lines parted by `;`, places by `,`, and each number as its difference from the one before, in base 64, five
 * bits to a digit, the last bit of the number its sign.
 */

/** A place of a source that stands behind a column of generated text; numbers count from 0. `null`: none does. */
export interface Mapping {
  /** The column in the generated line. */
  readonly column: number;
  readonly source: { readonly line: number; readonly column: number } | null;
  /** The index of the name that the source has for it, if it has another. */
  readonly name: number | null;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Reads mappings, by generated line and sorted by column. All are taken to be of one source. */
export function decodeMappings(text: string): Mapping[][] {
  let [line, sourceColumn, name] = [0, 0, 0];
  return text.split(";").map((places) => {
    let column = 0;
    const mappings: Mapping[] = [];
    for (const place of places === "" ? [] : places.split(",")) {
      const [columnBy = 0, , lineBy, sourceColumnBy = 0, nameBy] = numbersIn(place);
      column += columnBy;
      line += lineBy ?? 0;
      sourceColumn += sourceColumnBy;
      name += nameBy ?? 0;
      const source = lineBy === undefined ? null : { line, column: sourceColumn };
      mappings.push({ column, source, name: nameBy === undefined ? null : name });
    }
    return mappings.sort((a, b) => a.column - b.column);
  });
}

/** Writes mappings of one source. */
export function encodeMappings(lines: readonly (readonly Mapping[])[]): string {
  let [line, sourceColumn, name] = [0, 0, 0];
  return lines
    .map((mappings) => {
      let column = 0;
      return mappings
        .map((mapping) => {
          let text = digits(mapping.column - column);
          column = mapping.column;
          if (mapping.source === null) return text;
          text += `A${digits(mapping.source.line - line)}${digits(mapping.source.column - sourceColumn)}`;
          ({ line, column: sourceColumn } = mapping.source);
          if (mapping.name === null) return text;
          text += digits(mapping.name - name);
          name = mapping.name;
          return text;
        })
        .join(",");
    })
    .join(";");
}

function numbersIn(text: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    number += (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    numbers.push(number & 1 ? -(number >> 1) : number >> 1);
    number = shift = 0;
  }
  return numbers;
}

function digits(number: number): string {
  let text = "";
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
