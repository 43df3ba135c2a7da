/** The hosts and services of a runtime as a table for people. */
import type { UnitView } from "../runtime/index.ts";

/** One line per host or service: kind, id, status, and its pid or why it does not run. */
export function unitTable(units: readonly UnitView[]): string {
  const idWidth = Math.max(0, ...units.map((unit) => unit.id.length));
  const lines = units.map((unit) => {
    const note = unit.pid ?? unit.cause ?? "";
    return `  ${unit.kind.padEnd(7)}  ${unit.id.padEnd(idWidth)}  ${unit.status.toLowerCase().padEnd(8)}  ${note}`.trimEnd();
  });
  return `up:\n${lines.join("\n")}\n`;
}
