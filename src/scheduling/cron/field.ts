/** One field of a cron expression: what it allows, and how its text is read. */
import { type Excerpt, partsOf, refuse } from "./excerpt.ts";

/** What a field allows. */
export interface FieldSpec {
  readonly name: string;
  readonly min: number;
  /** The last value that `*` and an open range such as `5/15` reach. */
  readonly max: number;
  /** Names by value, from `min` on. */
  readonly names?: readonly string[];
  /** Whether `?` and a last day may stand here. */
  readonly isDay?: boolean;
  readonly allowed: string;
}

/** What a field says. */
export interface FieldValues {
  /** In order, each once. */
  readonly values: readonly number[];
  /** Entries with `L`: the weekdays whose last of the month is meant, or 0 for the last day of the month. */
  readonly last: readonly number[];
  /** Whether it begins with `*` or `?`, which is how vixie cron knows a field that restricts nothing. */
  readonly isStarred: boolean;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** Sunday's other number. */
const SUNDAY_AGAIN = 7;

export const SECOND: FieldSpec = { name: "second", min: 0, max: 59, allowed: "0-59" };
export const MINUTE: FieldSpec = { name: "minute", min: 0, max: 59, allowed: "0-59" };
export const HOUR: FieldSpec = { name: "hour", min: 0, max: 23, allowed: "0-23" };
export const DAY_OF_MONTH: FieldSpec = { name: "day of month", min: 1, max: 31, isDay: true, allowed: "1-31 or L" };
export const MONTH: FieldSpec = { name: "month", min: 1, max: 12, names: MONTHS, allowed: "1-12 or jan-dec" };
export const DAY_OF_WEEK: FieldSpec = {
  name: "day of week",
  min: 0,
  max: 6,
  names: WEEKDAYS,
  isDay: true,
  allowed: "0-7 or sun-sat, with L behind for the last one of the month",
};

/** @throws MillraceError CONFIG_INVALID with the column of the mistake */
export function readField(field: Excerpt, spec: FieldSpec): FieldValues {
  const values = new Set<number>();
  const last = new Set<number>();
  for (const entry of partsOf(field, ",")) {
    const lastDay = readLast(entry, spec);
    if (lastDay !== undefined) last.add(lastDay);
    else for (const value of readEntry(entry, spec)) values.add(spec === DAY_OF_WEEK ? value % SUNDAY_AGAIN : value);
  }
  return { values: inOrder(values), last: inOrder(last), isStarred: /^[*?]/.test(field.text) };
}

function inOrder(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

/** `L` of a day of month, `5L` and `friL` of a day of week. */
function readLast(entry: Excerpt, spec: FieldSpec): number | undefined {
  if (spec === DAY_OF_MONTH && entry.text.toUpperCase() === "L") return 0;
  const { weekday } = /^(?<weekday>\w+)L$/i.exec(entry.text)?.groups ?? {};
  if (spec !== DAY_OF_WEEK || weekday === undefined) return undefined;
  return readValue({ ...entry, text: weekday }, spec) % SUNDAY_AGAIN;
}

/** A value, a range or either with a step. */
function readEntry(entry: Excerpt, spec: FieldSpec): number[] {
  const [range = entry, step, surplus] = partsOf(entry, "/");
  if (surplus !== undefined) refuse(surplus, spec.name, "one step is all that a range takes");
  const { from, to } = readRange(range, step !== undefined, spec);
  const by = step === undefined ? 1 : readStep(step, spec);
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** @param isOpen whether a single value reaches to the end, because a step follows it */
function readRange(range: Excerpt, isOpen: boolean, spec: FieldSpec): Range {
  if (range.text === "*") return { from: spec.min, to: spec.max };
  if (range.text === "?") {
    if (spec.isDay === true) return { from: spec.min, to: spec.max };
    refuse(range, spec.name, "? stands in the two day fields only; write *");
  }
  const [first = range, end, surplus] = partsOf(range, "-");
  if (surplus !== undefined) refuse(surplus, spec.name, "a range has two ends");
  const from = readValue(first, spec);
  if (end === undefined) return { from, to: isOpen ? Math.max(from, spec.max) : from };
  const to = readRangeEnd(end, from, spec);
  if (to < from) refuse(range, spec.name, `runs backwards; write ${turnedRound(from, to, spec)}`);
  return { from, to };
}

/** Sunday ends a week as well as it begins one: `fri-sun` is three days. */
function readRangeEnd(end: Excerpt, from: number, spec: FieldSpec): number {
  const to = readValue(end, spec);
  return spec === DAY_OF_WEEK && to === 0 && from > 0 ? SUNDAY_AGAIN : to;
}

/** Which two ranges a backward one would be. */
function turnedRound(from: number, to: number, { min, max }: FieldSpec): string {
  const span = (low: number, high: number): string => (low < high ? `${low}-${high}` : String(low));
  return `${span(from, max)},${span(min, to)}`;
}

function readStep(step: Excerpt, spec: FieldSpec): number {
  const by = /^\d{1,3}$/.test(step.text) ? Number(step.text) : 0;
  const most = Math.max(spec.max, spec === DAY_OF_WEEK ? SUNDAY_AGAIN : 0);
  return by >= 1 && by <= most ? by : refuse(step, `step of ${spec.name}`, `allowed are 1-${most}`);
}

function readValue(value: Excerpt, spec: FieldSpec): number {
  const name = (spec.names ?? []).indexOf(value.text.toLowerCase());
  const number = /^\d{1,3}$/.test(value.text) ? Number(value.text) : Number.NaN;
  const found = name === -1 ? number : name + spec.min;
  const most = spec === DAY_OF_WEEK ? SUNDAY_AGAIN : spec.max;
  return found >= spec.min && found <= most ? found : refuse(value, spec.name, `allowed are ${spec.allowed}`);
}
