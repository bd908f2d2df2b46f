/** int2, int4, int8 and oid: whole numbers, the highest byte first. */
import { digitsValue, textOf } from "./ascii-view.ts";
import type { ParsedType } from "./binary-type.ts";

const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const WORD = 2 ** 32;
/** More are no number of 64 bits, or have zeros in front that nobody writes. */
const MAX_LENGTH = 20;
const decimal = /^[+-]?\d+$/;

/** Signed, of 16 bits. */
export const int2: ParsedType = {
  oid: 21,
  read: (to, at, from, begin, end) => putInt2(to, at, wholeOf(from, begin, end)),
  put: putInt2,
};

/** Signed, of 32 bits. */
export const int4: ParsedType = {
  oid: 23,
  read: (to, at, from, begin, end) => putInt4(to, at, wholeOf(from, begin, end)),
  put: putInt4,
};

/** Signed, of 64 bits. */
export const int8: ParsedType = {
  oid: 20,
  read(to, at, from, begin, end) {
    const value = wholeOf(from, begin, end);
    if (!Number.isNaN(value)) return putWords(to, at, value);
    const text = end - begin > MAX_LENGTH ? "" : textOf(from, begin, end);
    return decimal.test(text) ? putInt8(to, at, BigInt(text)) : -1;
  },
  put: putInt8,
};

/** Unsigned, of 32 bits. */
export const oid: ParsedType = {
  oid: 26,
  read(to, at, from, begin, end) {
    // the server reads digits behind a zero as an octal number
    const isOctal = end - begin > 1 && from.getUint8(begin) === ZERO;
    return isOctal ? -1 : putOid(to, at, digitsValue(from, begin, end));
  },
  put: putOid,
};

/** Writes a whole number that a double holds as 64 bits, or says -1 for one beyond. */
export function putWords(to: DataView, at: number, value: number): number {
  if (!Number.isSafeInteger(value)) return -1;
  const high = Math.floor(value / WORD);
  to.setInt32(at, high);
  to.setUint32(at + 4, value - high * WORD);
  return at + 8;
}

/** A sign perhaps, and digits; NaN when there is anything else, or too much. */
function wholeOf(from: DataView, begin: number, end: number): number {
  if (begin >= end) return Number.NaN;
  const first = from.getUint8(begin);
  if (first === MINUS) return 0 - digitsValue(from, begin + 1, end);
  return digitsValue(from, first === PLUS ? begin + 1 : begin, end);
}

function putInt2(to: DataView, at: number, value: unknown): number {
  if (typeof value !== "number" || (value << 16) >> 16 !== value) return -1;
  to.setInt16(at, value);
  return at + 2;
}

function putInt4(to: DataView, at: number, value: unknown): number {
  if (typeof value !== "number" || (value | 0) !== value) return -1;
  to.setInt32(at, value);
  return at + 4;
}

function putInt8(to: DataView, at: number, value: unknown): number {
  if (typeof value === "number") return putWords(to, at, value);
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) return -1;
  to.setBigInt64(at, value);
  return at + 8;
}

function putOid(to: DataView, at: number, value: unknown): number {
  if (typeof value !== "number" || value >>> 0 !== value) return -1;
  to.setUint32(at, value);
  return at + 4;
}
