/** float4 and float8: as IEEE 754 has them. */
import { digitsEnd, digitsValue, textOf } from "./ascii-view.ts";
import type { ParsedType } from "./binary-type.ts";

const MINUS = 45;
const POINT = 46;
/** Powers of ten that a double holds exactly. */
const TENS = Array.from({ length: 16 }, (_, power) => 10 ** power);
const MAX_LENGTH = 400;
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/;
const isZero = /^[+-]?[0.]+(?:e|$)/;
const words: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ...["inf", "+inf", "infinity", "+infinity"].map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...["-inf", "-infinity"].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

/** The least float4 of full precision. */
const LEAST_NORMAL = 2 ** -126;
/** The bits of a double that a float4 has no room for, and what they are half-way between two of these. */
const CUT_BITS = 0x1fff_ffff;
const HALF_WAY = 0x1000_0000;

/** Double precision. */
export const float8: ParsedType = {
  oid: 701,
  read(to, at, from, begin, end) {
    const value = floatOf(from, begin, end);
    if (value === undefined) return -1;
    to.setFloat64(at, value);
    return at + 8;
  },
  put(to, at, value) {
    if (!isPlain(value)) return -1;
    to.setFloat64(at, value);
    return at + 8;
  },
};

/** Single precision. */
export const float4: ParsedType = {
  oid: 700,
  read(to, at, from, begin, end) {
    const value = floatOf(from, begin, end);
    return value === undefined ? -1 : putSingle(to, at, value);
  },
  put: (to, at, value) => (isPlain(value) ? putSingle(to, at, value) : -1),
};

/** Zero may have lost a sign, and an infinity may be a number that was too large: their text tells. */
function isPlain(value: unknown): value is number {
  return typeof value === "number" && value !== 0 && Number.isFinite(value);
}

/**
 * Writes the float4 next to the decimal number that `value` is next to. Rounding twice does the same as rounding once, unless
 * the first one ends half-way between two float4.
 */
function putSingle(to: DataView, at: number, value: number): number {
  const single = Math.fround(value);
  const size = Math.abs(single);
  if (size < LEAST_NORMAL ? value !== 0 : size === Number.POSITIVE_INFINITY && Number.isFinite(value)) return -1;
  to.setFloat64(at, value);
  if ((to.getInt32(at + 4) & CUT_BITS) === HALF_WAY) return -1;
  to.setFloat32(at, single);
  return at + 4;
}

/** The number next to a decimal text; undefined for other texts, and for numbers that no double is next to. */
function floatOf(from: DataView, begin: number, end: number): number | undefined {
  const short = shortOf(from, begin, end);
  if (!Number.isNaN(short)) return short;
  if (begin >= end || end - begin > MAX_LENGTH) return undefined;
  const text = textOf(from, begin, end).toLowerCase();
  if (!decimal.test(text)) return words.get(text);
  const value = Number(text);
  return !Number.isFinite(value) || (value === 0 && !isZero.test(text)) ? undefined : value;
}

/**
 * The number of a text of few digits, or NaN: the quotient of two whole numbers that are exact is rounded once.
 *
 * Source: W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990.
 */
function shortOf(from: DataView, begin: number, end: number): number {
  if (begin >= end) return Number.NaN;
  const isNegative = from.getUint8(begin) === MINUS;
  const first = isNegative ? begin + 1 : begin;
  const point = digitsEnd(from, first, end);
  let value = digitsValue(from, first, point);
  if (point < end) {
    const places = end - point - 1;
    if (from.getUint8(point) !== POINT || point - first + places >= TENS.length) return Number.NaN;
    const scale = TENS[places] as number;
    value = (value * scale + digitsValue(from, point + 1, end)) / scale;
  }
  return isNegative ? -value : value;
}
