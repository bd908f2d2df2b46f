/** Times of day and zones in a text, as microseconds. */
import { digitsEnd, digitsValue, textOf, twoDigits } from "./ascii-view.ts";

const PLUS = 43;
const MINUS = 45;
const BLANK = 32;
const POINT = 46;
const COLON = 58;
const SMALL_Z = 122;
const LOWER = 32;
/** `HH:mm` */
const MINUTE = 5;
/** `HH:mm:ss` */
const SECOND = 8;
const MICRO_DIGITS = 6;
const MAX_FRACTION = 15;
const MILLION = 1_000_000;
const TENS = [1, 10, 100, 1_000, 10_000, 100_000, MILLION];
/** What Postgres takes. */
const MAX_OFFSET_HOURS = 15;

/** Where the `HH:mm`, `HH:mm:ss` or `HH:mm:ss.fff` at `begin` ends; `begin` where there is none. */
export function clockEnd(from: DataView, begin: number, end: number): number {
  if (end - begin < MINUTE) return begin;
  if (end - begin < SECOND || from.getUint8(begin + MINUTE) !== COLON) return begin + MINUTE;
  const point = begin + SECOND;
  return point < end && from.getUint8(point) === POINT ? digitsEnd(from, point + 1, end) : point;
}

/** The microseconds since midnight of the text that {@link clockEnd} found; NaN for a time that no clock shows. */
export function clockMicros(from: DataView, begin: number, end: number): number {
  const hour = twoDigits(from, begin);
  const minute = twoDigits(from, begin + 3);
  const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && from.getUint8(begin + 2) === COLON;
  if (!isTime) return Number.NaN;
  const minutes = (hour * 60 + minute) * 60;
  if (end - begin === MINUTE) return minutes * MILLION;
  const second = twoDigits(from, begin + 6);
  if (second < 0 || second > 59) return Number.NaN;
  const whole = (minutes + second) * MILLION;
  return end - begin === SECOND ? whole : whole + fractionMicros(from, begin + SECOND + 1, end);
}

/** What the digits behind a point are in microseconds, rounded as the server does; NaN for none, or very many. */
function fractionMicros(from: DataView, begin: number, end: number): number {
  const digits = end - begin;
  if (digits <= MICRO_DIGITS) return digitsValue(from, begin, end) * (TENS[MICRO_DIGITS - digits] as number);
  if (digits > MAX_FRACTION) return Number.NaN;
  const micros = Number(`0.${textOf(from, begin, end)}`) * MILLION;
  const rounded = Math.round(micros);
  // a half goes to the even neighbour
  return rounded - micros === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** What the zone in `from[begin, end)` is ahead of UTC, in microseconds: `Z`, `+hh`, `+hhmm`, `+hh:mm`, else NaN. */
export function zoneMicros(from: DataView, begin: number, end: number): number {
  const at = begin < end && from.getUint8(begin) === BLANK ? begin + 1 : begin;
  if (at >= end) return Number.NaN;
  const sign = from.getUint8(at);
  if ((sign | LOWER) === SMALL_Z) return at + 1 === end ? 0 : Number.NaN;
  if (sign !== PLUS && sign !== MINUS) return Number.NaN;
  const offset = offsetMicros(from, at + 1, end);
  return sign === MINUS ? -offset : offset;
}

function offsetMicros(from: DataView, begin: number, end: number): number {
  const length = end - begin;
  const isOffset = length === 2 || length === 4 || (length === 5 && from.getUint8(begin + 2) === COLON);
  if (!isOffset) return Number.NaN;
  const hours = twoDigits(from, begin);
  const minutes = length === 2 ? 0 : twoDigits(from, end - 2);
  const exists = hours >= 0 && hours <= MAX_OFFSET_HOURS && minutes >= 0 && minutes < 60;
  return exists ? (hours * 60 + minutes) * 60 * MILLION : Number.NaN;
}

/**
 * The microseconds that the text of a timestamp has below the millisecond, if it stands as `yyyy-MM-ddTHH:mm:ss.fff`; a
 * Date of that text has dropped them.
 */
export function microsBelowMs(from: DataView, begin: number, end: number): number {
  const point = begin + 19;
  // a fourth digit at least
  if (end - begin < 24 || from.getUint8(point) !== POINT) return 0;
  const stop = digitsEnd(from, point + 1, end);
  if (stop - point <= 4) return 0;
  return fractionMicros(from, point + 1, stop) - digitsValue(from, point + 1, point + 4) * 1_000;
}
