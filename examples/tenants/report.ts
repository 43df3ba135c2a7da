/** The result as text: what the honest tenants did, what every attack was met with, and the balance. */
import { type Account, type Outcome, sumOf } from "./phase.ts";
import type { Tenant } from "./tenants.ts";

/** The tables. */
export function report(tenants: readonly Tenant[], alone: Account, together: Account): string {
  const tables = [honestTable({ alone, "among hostile": together }), attackTable(tenants, together)];
  if (together.attempts.length > 0) tables.push(attemptTable(together));
  return `\n${tables.join("\n")}`;
}

/** The last line of a run. */
export function summaryLine(tenants: readonly Tenant[], alone: Account, together: Account): string {
  const hostile = tenants.filter(({ isHostile }) => isHostile).length;
  const all = sumOf([...Object.values(alone.outcomes), ...Object.values(together.outcomes)]);
  const parts = [
    `tenants: ${tenants.length} (${tenants.length - hostile} honest, ${hostile} hostile)`,
    `${all.priced + all.unpriced} answers`,
    `${all.wrong} wrong`,
    `${alone.lost + together.lost} lost`,
    `p99 ${ms(percentile(alone.honestMs, 99))} ms alone`,
    `${ms(percentile(together.honestMs, 99))} ms among hostile`,
  ];
  return parts.join(", ");
}

/** What must not be: answers that are lost or wrong, and tenants that get at what is not theirs. */
export function failureOf(alone: Account, together: Account): string | null {
  const lost = alone.lost + together.lost;
  const { wrong } = sumOf([...Object.values(alone.outcomes), ...Object.values(together.outcomes)]);
  const succeeded = together.attempts.filter(({ why }) => why === "").map(({ what }) => what);
  if (succeeded.length > 0) return `a tenant was not kept from this: ${[...new Set(succeeded)].join(", ")}`;
  return lost + wrong === 0 ? null : `${lost} answers are lost, ${wrong} are wrong`;
}

function honestTable(accounts: Readonly<Record<string, Account>>): string {
  const rows = Object.entries(accounts).map(([name, account]) => {
    const figures = [50, 99, 100].map((percent) => ms(percentile(account.honestMs, percent)));
    return [name, ...counts(honestOutcome(account)), ...figures];
  });
  const head = ["honest tenants", "orders", "priced", "no price", "wrong", "p50 ms", "p99 ms", "max ms"];
  return table(head, rows);
}

function attackTable(tenants: readonly Tenant[], { outcomes, endings }: Account): string {
  const rows: string[][] = [];
  for (const [entry, outcome] of Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isAttack(entry)) continue;
    const count = tenants.filter((tenant) => tenant.entry === entry).length;
    const first = [entry.slice("attack.".length), String(count), ...counts(outcome)];
    const of = endings.filter((ending) => ending.entry === entry);
    const ways = new Set(of.map(({ how }) => how));
    for (const way of ways) {
      const times = of.filter(({ how }) => how === way).map(({ afterMs }) => afterMs);
      const figures = [ms(percentile(times, 50)), ms(percentile(times, 100))];
      rows.push([...first, String(times.length), ...figures, way]);
      first.fill(""); // said once
    }
    if (ways.size === 0) rows.push([...first, "0", "-", "-", "still alive"]);
  }
  const head = ["attack", "tenants", "orders", "priced", "no price", "wrong", "ended", "p50 ms", "max ms", "with"];
  return table(head, rows);
}

/** What tenants tried to reach, how often, how often they were refused, and why. */
function attemptTable({ attempts }: Account): string {
  const rows = [...new Set(attempts.map(({ what }) => what))].map((what) => {
    const of = attempts.filter((attempt) => attempt.what === what);
    const refused = of.filter(({ why }) => why !== "");
    return [what, String(of.length), String(refused.length), refused[0]?.why ?? ""];
  });
  return table(["tried to", "times", "refused", "because"], rows);
}

function isAttack(entry: string): boolean {
  return entry.startsWith("attack.");
}

function honestOutcome({ outcomes }: Account): Outcome {
  return sumOf(
    Object.keys(outcomes)
      .filter((entry) => !isAttack(entry))
      .map((entry) => outcomes[entry]),
  );
}

function counts({ orders, priced, unpriced, wrong }: Outcome): string[] {
  return [orders, priced, unpriced, wrong].map(String);
}

/** The value that so many percent do not exceed. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

function ms(value: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(1);
}

/** Rows below a head; the first and last columns stand on the left, numbers on the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const isText = (column: number) => column === 0 || column === head.length - 1;
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => (isText(i) ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(line(widths.map((width) => "─".repeat(width))).length);
  return `${[line(head), rule, ...rows.map(line)].join("\n")}\n`;
}
