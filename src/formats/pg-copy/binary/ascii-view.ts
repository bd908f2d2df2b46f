/** What the readers of all types ask of an ASCII text in memory. */

const ZERO = 48;
/** So far below zero that a number stays negative whatever other digits are added to it. */
const NO_DIGITS = -100_000;
/** Digits that a double holds whatever they are. */
const EXACT_DIGITS = 15;

/** The offset behind the decimal digits at `begin`. */
export function digitsEnd(from: DataView, begin: number, end: number): number {
  let at = begin;
  while (at < end && isDigit(from.getUint8(at))) at++;
  return at;
}

/** The number that two digits at `at` make; negative when they are none. Both bytes must be there. */
export function twoDigits(from: DataView, at: number): number {
  const tens = from.getUint8(at) - ZERO;
  const ones = from.getUint8(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

/** The number that the digits in `from[begin, end)` make; NaN when there are none, more than 15, or anything else. */
export function digitsValue(from: DataView, begin: number, end: number): number {
  if (begin >= end || end - begin > EXACT_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = begin; at < end; at++) {
    const digit = from.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The text itself. */
export function textOf(from: DataView, begin: number, end: number): string {
  return Buffer.from(from.buffer, from.byteOffset + begin, end - begin).toString("latin1");
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}
