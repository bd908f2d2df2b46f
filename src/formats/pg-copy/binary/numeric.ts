/**
 * numeric: digits to the base of 10,000.
 *
 * Source: numeric_recv in PostgreSQL's utils/adt/numeric.c. Four 16-bit words (number of digits, weight of the first one, sign,
 * decimal places that are shown), then the digits.
 */
import { digitsEnd, digitsValue, textOf } from "./ascii-view.ts";
import type { ParsedType } from "./binary-type.ts";

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const SMALL_E = 101;
const LOWER = 32;

const BASE = 10_000;
/** Decimal digits in a digit. */
const GROUP = 4;
const HEAD = 8;
const POSITIVE = 0;
const NEGATIVE = 0x4000;
/** Longer texts are left to the server. */
const MAX_LENGTH = 1_000;
const MAX_EXPONENT_DIGITS = 3;

const specials: ReadonlyMap<string, number> = new Map([
  ["nan", 0xc000],
  ...["inf", "+inf", "infinity", "+infinity"].map((word) => [word, 0xd000] as const),
  ...["-inf", "-infinity"].map((word) => [word, 0xf000] as const),
]);
const MAX_SPECIAL = 9;

/** Any number of any scale, NaN and the infinities. */
export const numeric: ParsedType = {
  oid: 1700,
  keepsScale: true,
  read(to, at, from, begin, end) {
    if (begin >= end || end - begin > MAX_LENGTH) return -1;
    const first = from.getUint8(begin);
    const whole = first === MINUS || first === PLUS ? begin + 1 : begin;
    const point = digitsEnd(from, whole, end);
    const hasPoint = point < end && from.getUint8(point) === POINT;
    const stop = hasPoint ? digitsEnd(from, point + 1, end) : point;
    const fraction = hasPoint ? stop - point - 1 : 0;
    if (point - whole + fraction === 0) return readSpecial(to, at, from, begin, end);
    const exponent = stop === end ? 0 : exponentOf(from, stop, end);
    if (Number.isNaN(exponent)) return -1;
    putHead(to, at, first === MINUS ? NEGATIVE : POSITIVE, Math.max(0, fraction - exponent));
    return putDigits(to, at, from, whole, stop, point - whole + exponent);
  },
  put(to, at, value) {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) return -1;
    putHead(to, at, value < 0 ? NEGATIVE : POSITIVE, 0);
    return putWhole(to, at, Math.abs(value));
  },
};

/** All but the digits, their number and weight. */
function putHead(to: DataView, at: number, sign: number, scale: number): void {
  to.setUint16(at + 4, sign);
  to.setUint16(at + 6, scale);
}

/**
 * Writes decimal digits, among which there may be a point, as digits to the base of 10,000; these are counted from the
 * true point, before which there are `before` decimal digits (fewer than none for a small number).
 */
function putDigits(to: DataView, at: number, from: DataView, begin: number, end: number, before: number): number {
  let behind = at + HEAD;
  let group = 0;
  // zeros before the first decimal digit fill its group
  let filled = -before & (GROUP - 1);
  for (let next = begin; next < end; next++) {
    const digit = from.getUint8(next) - ZERO;
    if (digit < 0) continue; // the point
    group = group * 10 + digit;
    if (++filled < GROUP) continue;
    to.setInt16(behind, group);
    behind += 2;
    group = 0;
    filled = 0;
  }
  if (filled > 0) {
    for (; filled < GROUP; filled++) group *= 10;
    to.setInt16(behind, group);
    behind += 2;
  }
  to.setInt16(at, (behind - at - HEAD) >> 1);
  to.setInt16(at + 2, Math.ceil(before / GROUP) - 1);
  return behind;
}

/** Writes the digits of a whole number. */
function putWhole(to: DataView, at: number, value: number): number {
  let count = 1;
  for (let rest = value; rest >= BASE; rest = Math.floor(rest / BASE)) count++;
  const behind = at + HEAD + 2 * count;
  for (let rest = value, place = behind - 2; place >= at + HEAD; rest = Math.floor(rest / BASE), place -= 2) {
    to.setInt16(place, rest % BASE);
  }
  to.setInt16(at, count);
  to.setInt16(at + 2, count - 1);
  return behind;
}

/** What `e+12` says; NaN when it is none of the kind, or of so many digits that the server should see it. */
function exponentOf(from: DataView, begin: number, end: number): number {
  if ((from.getUint8(begin) | LOWER) !== SMALL_E || begin + 1 >= end) return Number.NaN;
  const sign = from.getUint8(begin + 1);
  const digits = sign === PLUS || sign === MINUS ? begin + 2 : begin + 1;
  if (end - digits > MAX_EXPONENT_DIGITS) return Number.NaN;
  const value = digitsValue(from, digits, end);
  return sign === MINUS ? -value : value;
}

function readSpecial(to: DataView, at: number, from: DataView, begin: number, end: number): number {
  if (end - begin > MAX_SPECIAL) return -1;
  const sign = specials.get(textOf(from, begin, end).toLowerCase());
  if (sign === undefined) return -1;
  to.setInt32(at, 0);
  putHead(to, at, sign, 0);
  return at + HEAD;
}
