/** ISO 8601 timestamps, read byte by byte and without a regular expression: they stand in every row. */
import { DAY_MS } from "../../core/calendar.ts";
import { digitsEnd } from "./ascii.ts";
import { isoDays, twoDigits } from "./calendar.ts";
import type { TimeZone } from "./time-zone.ts";

const BLANK = 32;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const SMALL_T = 116;
const SMALL_Z = 122;
/** `yyyy-MM-dd` */
const DATE = 10;
/** `yyyy-MM-ddTHH:mm` */
const MINUTE = 16;
/** `yyyy-MM-ddTHH:mm:ss`; a point or comma and the fraction may follow. */
const SECOND = 19;
/** Fractions have at most nine digits; a Date keeps three of them, the others are dropped, not rounded. */
const MAX_FRACTION = 9;
/** What Postgres takes; the widest in use are +14:00 and -12:00. */
const MAX_OFFSET_HOURS = 15;

/**
 * The instant of `yyyy-MM-dd`, `yyyy-MM-dd HH:mm`, `yyyy-MM-ddTHH:mm:ss.SSS+hh:mm` and what lies between, in milliseconds
 * since 1970; NaN when `bytes[begin, end)` is none of these or names a time that does not exist. `T` may be a blank, the
 * zone `Z`, `+hh`, `+hhmm` or `+hh:mm`; a time without one is local to `zone`.
 */
export function isoTimestamp(bytes: Uint8Array, begin: number, end: number, zone: TimeZone): number {
  const stop = clockEnd(bytes, begin, end);
  const local = localMs(bytes, begin, stop);
  if (stop < end) return local - zoneOffset(bytes, stop, end);
  return Number.isNaN(local) ? local : zone(local);
}

/** Whether a text that {@link isoTimestamp} read is a date and a time in a notation that every sink reads. */
export function isPortable(text: string): boolean {
  return text.length > DATE && text.charCodeAt(SECOND) !== COMMA;
}

/** The same for bytes; true for those with seconds only, which nearly all have. */
export function isPortableBytes(bytes: Uint8Array, begin: number, end: number): boolean {
  return end - begin > SECOND && bytes[begin + SECOND] !== COMMA;
}

/** Whether the text that ends at `end` ends in the letter of UTC. */
export function endsInZ(bytes: Uint8Array, end: number): boolean {
  return ((bytes[end - 1] as number) | 32) === SMALL_Z;
}

/** Whether a text that {@link isoTimestamp} read names its own zone. */
export function namesZone(text: string): boolean {
  const last = text.charCodeAt(text.length - 1) | 32;
  return last === SMALL_Z || text.includes("+", MINUTE) || text.includes("-", MINUTE);
}

/** Where the zone begins; `begin` itself when there is no time of day or date before it. */
function clockEnd(bytes: Uint8Array, begin: number, end: number): number {
  const length = end - begin;
  if (length < MINUTE) return length === DATE ? end : begin;
  if (length === MINUTE || bytes[begin + MINUTE] !== COLON) return begin + MINUTE;
  if (length <= SECOND) return length === SECOND ? end : begin;
  const mark = bytes[begin + SECOND];
  if (mark !== POINT && mark !== COMMA) return begin + SECOND;
  return digitsEnd(bytes, begin + SECOND + 1, end);
}

/** The time on the local clock that stands in `bytes[begin, end)`, or NaN. */
function localMs(bytes: Uint8Array, begin: number, end: number): number {
  const length = end - begin;
  if (length < DATE) return Number.NaN;
  const dayMs = isoDays(bytes, begin) * DAY_MS;
  if (length === DATE) return dayMs;
  const separator = bytes[begin + DATE] as number;
  const hour = twoDigits(bytes, begin + 11);
  const minute = twoDigits(bytes, begin + 14);
  if (separator !== BLANK && (separator | 32) !== SMALL_T) return Number.NaN;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || bytes[begin + 13] !== COLON) return Number.NaN;
  const minuteMs = dayMs + (hour * 60 + minute) * 60_000;
  if (length === MINUTE) return minuteMs;
  const second = twoDigits(bytes, begin + 17);
  if (second < 0 || second > 59) return Number.NaN;
  return minuteMs + second * 1_000 + (length === SECOND ? 0 : fractionMs(bytes, begin + SECOND + 1, end));
}

/** Whole milliseconds of the digits in `bytes[begin, end)`, or NaN when they are none or too many. */
function fractionMs(bytes: Uint8Array, begin: number, end: number): number {
  const length = end - begin;
  if (length === 0 || length > MAX_FRACTION) return Number.NaN;
  let ms = ((bytes[begin] as number) - ZERO) * 100;
  if (length > 1) ms += ((bytes[begin + 1] as number) - ZERO) * 10;
  if (length > 2) ms += (bytes[begin + 2] as number) - ZERO;
  return ms;
}

/** What a zone is ahead of UTC, in milliseconds, or NaN; a blank may stand before it. */
function zoneOffset(bytes: Uint8Array, begin: number, end: number): number {
  const at = bytes[begin] === BLANK && begin + 1 < end ? begin + 1 : begin;
  const sign = bytes[at] as number;
  if ((sign | 32) === SMALL_Z) return at + 1 === end ? 0 : Number.NaN;
  if (sign === PLUS) return offsetMs(bytes, at + 1, end);
  return sign === MINUS ? -offsetMs(bytes, at + 1, end) : Number.NaN;
}

/** `hh`, `hhmm` or `hh:mm` in `bytes[begin, end)`, in milliseconds, or NaN. */
export function offsetMs(bytes: Uint8Array, begin: number, end: number): number {
  const length = end - begin;
  if (length !== 2 && length !== 4 && !(length === 5 && bytes[begin + 2] === COLON)) return Number.NaN;
  const hours = twoDigits(bytes, begin);
  const minutes = length === 2 ? 0 : twoDigits(bytes, end - 2);
  const exists = hours >= 0 && hours <= MAX_OFFSET_HOURS && minutes >= 0 && minutes <= 59;
  return exists ? (hours * 60 + minutes) * 60_000 : Number.NaN;
}
