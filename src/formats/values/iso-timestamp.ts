/** ISO 8601 timestamps, read without a regular expression: they stand in every row. */
import { DAY_MS, isoDays, twoDigits } from "./calendar.ts";
import type { TimeZone } from "./time-zone.ts";

const BLANK = 32;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
/** Fractions have at most nine digits; a Date keeps three of them, the others are dropped, not rounded. */
const MAX_FRACTION = 9;
/** At the end, and behind a time: a date alone ends like an offset. */
const explicitZone = /^.{16}.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/;
/** What Postgres takes; the widest in use are +14:00 and -12:00. */
const MAX_OFFSET_HOURS = 15;

/**
 * The instant of `yyyy-MM-dd`, `yyyy-MM-dd HH:mm`, `yyyy-MM-ddTHH:mm:ss.SSS+hh:mm` and what lies between, in milliseconds
 * since 1970; NaN when the text is none of these or names a time that does not exist. `T` may be a blank, the zone `Z`,
 * `+hh`, `+hhmm` or `+hh:mm`; a time without one is local to `zone`.
 */
export function isoTimestamp(text: string, zone: TimeZone): number {
  const days = isoDays(text);
  if (Number.isNaN(days)) return days;
  if (text.length === 10) return zone(days * DAY_MS);
  const separator = text.charCodeAt(10);
  if (separator !== BLANK && (separator | 32) !== 116) return Number.NaN;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  if (!(hour < 24 && minute < 60) || text.charCodeAt(13) !== COLON) return Number.NaN;
  const local = days * DAY_MS + (hour * 60 + minute) * 60_000;
  if (text.charCodeAt(16) !== COLON) return withZone(text, 16, local, zone);
  const second = twoDigits(text, 17);
  if (!(second < 60)) return Number.NaN;
  const mark = text.charCodeAt(19);
  if (mark !== POINT && mark !== COMMA) return withZone(text, 19, local + second * 1_000, zone);
  const end = digitsEnd(text, 20);
  if (end === 20 || end - 20 > MAX_FRACTION) return Number.NaN;
  const fraction = Number(text.slice(20, Math.min(end, 23)).padEnd(3, "0"));
  return withZone(text, end, local + second * 1_000 + fraction, zone);
}

/** Whether a text that {@link isoTimestamp} read names its own zone, in a notation that every sink reads. */
export function namesZone(text: string): boolean {
  return explicitZone.test(text) && !text.includes(",");
}

const localTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/i;

/** Whether a text is a date and a time that name no zone, in a notation that every sink reads. */
export function isLocalTime(text: string): boolean {
  return localTime.test(text);
}

function withZone(text: string, at: number, localMs: number, zone: TimeZone): number {
  if (at === text.length) return zone(localMs);
  const start = text.charCodeAt(at) === BLANK ? at + 1 : at;
  const sign = text.charCodeAt(start);
  if ((sign | 32) === 122) return start + 1 === text.length ? localMs : Number.NaN;
  if (sign !== PLUS && sign !== MINUS) return Number.NaN;
  const offset = offsetMs(text, start + 1);
  return sign === PLUS ? localMs - offset : localMs + offset;
}

/** `hh`, `hhmm` or `hh:mm` from `at` to the end, in milliseconds, or NaN. */
export function offsetMs(text: string, at: number): number {
  const hours = twoDigits(text, at);
  const length = text.length - at;
  const minutes = length === 2 ? 0 : twoDigits(text, text.length - 2);
  const wellFormed = length === 2 || length === 4 || (length === 5 && text.charCodeAt(at + 2) === COLON);
  return wellFormed && hours <= MAX_OFFSET_HOURS && minutes < 60 ? (hours * 60 + minutes) * 60_000 : Number.NaN;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  for (let digit = text.charCodeAt(at) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(at) - ZERO) at++;
  return at;
}
