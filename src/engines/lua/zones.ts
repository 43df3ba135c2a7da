/**
 * Time zones for Lua's module `time`, out of the zone database that comes with the language (`Intl`): what a clock on
 * the wall shows in a zone at a moment, and the way back.
 *
 * A zone is "UTC", "local" (where the runtime is) or a name such as "Europe/Berlin". Names come from scripts, so they
 * are looked at before `Intl` sees them, and what is kept of them is bounded.
 */

/** What asking for the offset of a zone costs, of the local one, and what making a formatter does, in instructions' worth. */
const READING_COST = 10_000;
const LOCAL_COST = 200;
const FORMATTER_COST = 50_000;

/** Is told what work is worth, in instructions. */
type Charge = (instructions: number) => void;

/** What holds in a zone at one moment. */
export interface ZoneReading {
  /** Seconds east of UTC. */
  offsetSeconds: number;
  /** "CEST"; where the database has none in English, the offset: "+04", "+0545". */
  abbreviation: string;
}

const LOCAL = "local";

/** Longer than every name there is. */
const NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;

/** A formatter is tens of kilobytes, and there are more zones than a program has use for. */
const MAX_FORMATTERS = 64;

/** The moments `Intl` can read, less the two days by which a wall clock may be elsewhere. */
const MAX_SECONDS = 8.64e12 - 2 * 86_400;

/** Each knows the abbreviations of its own part of the world, and of the others only the offset. */
const LOCALES = ["en-US", "en-GB", "en-AU", "en-IN", "en-ZA"];

/** Winter and summer of 2024: a locale is the right one for a zone when it has a name for both. */
const WINTER_MS = 1_705_000_000_000;
const SUMMER_MS = 1_720_000_000_000;

const OFFSET_IN_PLACE_OF_A_NAME = /^GMT[+-]/;

/** By name, the one used last at the end. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * Has `Intl` look for its data, which it does once and takes longer for than a script may hold the thread: to be called
 * before the first one runs that may ask for zones.
 */
export function prepareZones(): void {
  formatterIn(LOCALES[0] as string, "UTC");
}

/**
 * Offset and abbreviation of a zone at a moment; `null` when there is no such zone. A moment out of the range of `Date`
 * counts as the nearest one inside.
 */
export function zoneOffset(name: string, unixSeconds: number, charge: Charge): ZoneReading | null {
  charge(READING_COST);
  if (Number.isNaN(unixSeconds)) return null;
  if (name === "UTC") return { offsetSeconds: 0, abbreviation: "UTC" };
  const formatter = formatterOf(name, charge);
  return formatter && readingAt(formatter, unixSeconds);
}

/** The offset of the local zone at a moment, in seconds. `Date` knows it without `Intl`. */
export function localOffset(unixSeconds: number, charge: Charge): number {
  charge(LOCAL_COST);
  if (Number.isNaN(unixSeconds)) return 0;
  const seconds = momentWithin(unixSeconds);
  const shown = new Date(seconds * 1_000);
  const wall = new Date(0);
  wall.setUTCFullYear(shown.getFullYear(), shown.getMonth(), shown.getDate());
  wall.setUTCHours(shown.getHours(), shown.getMinutes(), shown.getSeconds());
  return wall.getTime() / 1_000 - seconds;
}

/**
 * The offset that applies when the clocks of a zone show `wallSeconds`, the seconds since 1970 of what they show as if
 * it were UTC; `null` when there is no such zone.
 *
 * Where clocks are put forward a reading is left out, where they are put back it comes twice. As in Go, the offset is
 * then one of the two, found like this: take the reading for UTC, ask which offset holds, and ask again at the moment
 * which that offset gives. East of Greenwich that is the later of the two offsets in a repeated hour and the earlier one
 * in a gap; west of it, the other way round.
 */
export function zoneOffsetAtWall(name: string, wallSeconds: number, charge: Charge): number | null {
  const first = zoneOffset(name, wallSeconds, charge);
  return first && (zoneOffset(name, wallSeconds - first.offsetSeconds, charge)?.offsetSeconds ?? null);
}

function readingAt(formatter: Intl.DateTimeFormat, unixSeconds: number): ZoneReading {
  const moment = momentWithin(unixSeconds);
  const parts = new Map(formatter.formatToParts(moment * 1000).map(({ type, value }) => [type, value]));
  const offsetSeconds = wallSecondsOf(parts) - moment;
  const abbreviation = parts.get("timeZoneName") ?? "";
  return {
    offsetSeconds,
    abbreviation: OFFSET_IN_PLACE_OF_A_NAME.test(abbreviation) ? offsetText(offsetSeconds) : abbreviation,
  };
}

/** The whole second, or the nearest one that `Date` can hold. */
function momentWithin(unixSeconds: number): number {
  return Math.max(-MAX_SECONDS, Math.min(MAX_SECONDS, Math.floor(unixSeconds)));
}

/** What a clock shows, as seconds since 1970 as if it were UTC. */
function wallSecondsOf(parts: ReadonlyMap<string, string>): number {
  const part = (type: string) => Number(parts.get(type));
  const year = parts.get("era") === "BC" ? 1 - part("year") : part("year");
  // Date.UTC would take the years 0 to 99 for those of the last century.
  const midnightMs = new Date(0).setUTCFullYear(year, part("month") - 1, part("day"));
  return midnightMs / 1000 + part("hour") * 3600 + part("minute") * 60 + part("second");
}

/** "+04", "-0330", as the zone database itself writes zones without an abbreviation. */
function offsetText(offsetSeconds: number): string {
  const minutes = Math.floor(Math.abs(offsetSeconds) / 60);
  const twoDigits = (count: number) => String(count).padStart(2, "0");
  const sign = offsetSeconds < 0 ? "-" : "+";
  return sign + twoDigits(Math.floor(minutes / 60)) + (minutes % 60 === 0 ? "" : twoDigits(minutes % 60));
}

function formatterOf(name: string, charge: Charge): Intl.DateTimeFormat | null {
  const formatter = formatters.get(name) ?? newFormatter(name, charge);
  if (formatter === null) return null;
  formatters.delete(name);
  formatters.set(name, formatter);
  for (const oldest of formatters.keys()) {
    if (formatters.size <= MAX_FORMATTERS) break;
    formatters.delete(oldest);
  }
  return formatter;
}

/** The formatter in the locale that has abbreviations for the zone; in the first locale if none has. */
function newFormatter(name: string, charge: Charge): Intl.DateTimeFormat | null {
  if (!NAME.test(name)) return null;
  charge(FORMATTER_COST);
  const first = formatterIn(LOCALES[0] as string, name);
  if (first === null || hasAbbreviations(first)) return first;
  for (const locale of LOCALES.slice(1)) {
    charge(FORMATTER_COST);
    const formatter = formatterIn(locale, name);
    if (formatter !== null && hasAbbreviations(formatter)) return formatter;
  }
  return first;
}

function hasAbbreviations(formatter: Intl.DateTimeFormat): boolean {
  return [WINTER_MS, SUMMER_MS].every((ms) => {
    const name = formatter.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
    return !OFFSET_IN_PLACE_OF_A_NAME.test(name);
  });
}

function formatterIn(locale: string, name: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat(`${locale}-u-ca-gregory-nu-latn`, {
      ...(name === LOCAL ? {} : { timeZone: name }),
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      timeZoneName: "short",
    });
  } catch {
    return null; // a RangeError: no such zone
  }
}
