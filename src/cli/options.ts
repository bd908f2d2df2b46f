/** Values of command-line options, translated for the library. */
import { MillraceError } from "../core/errors.ts";
import { usageError } from "./usage-error.ts";

/** All fires are held before they are printed. */
const MOST_FIRES = 1_000_000;

/**
 * `--param k=v`, given any number of times, as one object.
 *
 * @throws MillraceError USAGE
 */
export function parseParams(given: readonly string[]): { [name: string]: string } {
  const params = new Map<string, string>();
  for (const text of given) {
    const { name, value = "" } = /^(?<name>[A-Za-z_][\w.-]*)=(?<value>.*)$/s.exec(text)?.groups ?? {};
    if (name === undefined) throw usageError(`--param takes name=value, got ${JSON.stringify(text.split("=", 1)[0])}`);
    if (params.has(name)) throw usageError(`--param ${name} is given twice`);
    params.set(name, value);
  }
  return Object.fromEntries(params);
}

/**
 * `--slot`: a date, or a date and a time with or without an offset.
 *
 * @throws MillraceError USAGE
 */
export function parseSlot(slot: string): string {
  if (isIsoTime(slot)) return slot;
  throw usageError(
    `--slot takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got ${JSON.stringify(slot)}`,
  );
}

/** Whether a text is a date, or a date and a time with or without an offset, of ISO 8601. */
export function isIsoTime(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/;
  return shape.test(text) && !Number.isNaN(Date.parse(text));
}

/**
 * `--limit`: how many source records, at least one.
 *
 * @throws MillraceError USAGE
 */
export function parseLimit(text: string): number {
  return parseCount("--limit", text, "a number of source records");
}

/**
 * A number from 1 on that an option takes.
 *
 * @param flag as it is spelled, for the message
 * @param what it counts: `a number of rounds`
 * @throws MillraceError USAGE
 */
export function parseCount(flag: string, text: string, what: string): number {
  const count = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw usageError(`${flag} takes ${what} from 1 on, such as 1000, got ${JSON.stringify(text)}`);
}

/**
 * `--count`: how many fires of a schedule.
 *
 * @throws MillraceError USAGE
 */
export function parseFires(text: string): number {
  const fires = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  if (fires >= 1 && fires <= MOST_FIRES) return fires;
  throw usageError(`--count takes a number from 1 to ${MOST_FIRES}, got ${JSON.stringify(text)}`);
}

/**
 * Refuses options that every help page will list one day.
 *
 * @param given the command's options as parsed
 * @param later names of options without an engine, in camel case, with what can be done now
 * @throws MillraceError NOT_BUILT
 */
export function refuseLater(given: object, later: { readonly [option: string]: string }): void {
  const values: { readonly [name: string]: unknown } = { ...given };
  const [used] = Object.entries(later).filter(([name]) => values[name] !== undefined);
  if (used === undefined) return;
  const [name, note] = used;
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new MillraceError("NOT_BUILT", `--${flag}: not built in this release (${note})`);
}
