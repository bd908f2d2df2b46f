/** Readers of int, bigint, float and decimal: a sign may stand before the digits, blanks and hexadecimals may not. */
import { asciiBytes, digitsEnd } from "./ascii.ts";
import { type ColumnReader, INVALID, TEXT } from "./reader.ts";

const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;

/** A number as JSON writes it, which every sink reads. */
const canonicalNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const integer = /^[+-]?\d+$/;
const float = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const notFinite = /^(?:(?<nan>nan)|(?<sign>[+-])?inf(?:inity)?)$/i;
const plainDecimal = /^-?\d+(?:\.\d+)?$/;
/** Three digits of exponent: beyond that the written-out digits would be a way to fill the memory. */
const decimal =
  /^(?<sign>[+-]?)(?:(?<whole>\d+)(?:\.(?<fraction>\d*))?|\.(?<only>\d+))(?:[eE](?<exponent>[+-]?\d{1,3}))?$/;

/** A whole number that a double holds exactly; outside of that range a text is invalid, never rounded. */
export const intReader: ColumnReader = {
  expected: "a whole number from -9007199254740991 to 9007199254740991 (declare bigint or decimal for more)",
  exact: false,
  read: (text) => intOf(asciiBytes(text), 0, text.length),
  readBytes: intOf,
  readJson(value) {
    if (typeof value === "string") return intOf(asciiBytes(value), 0, value.length);
    return Number.isSafeInteger(value) ? value : INVALID;
  },
  plain: isCanonicalInteger,
};

/** A whole number of any size. */
export const bigintReader: ColumnReader = {
  expected: "a whole number",
  exact: true,
  read: readBigint,
  readJson(value, digits = String(value)) {
    if (typeof value === "string") return readBigint(value);
    return typeof value === "number" ? readBigint(digits) : INVALID;
  },
  plain: isCanonicalInteger,
};

/** A double, in the notations of Postgres' float8: exponents, NaN, Infinity and inf in any case; overflow is invalid. */
export const floatReader: ColumnReader = {
  expected: "a number",
  exact: false,
  read: readFloat,
  readJson(value) {
    if (typeof value === "string") return readFloat(value);
    return Number.isFinite(value) ? value : INVALID;
  },
  plain: (text) => canonicalNumber.test(text),
};

/** The exact digits, as a string; an exponent is written out. */
export const decimalReader: ColumnReader = {
  expected: "a decimal number such as -12.50",
  exact: true,
  read: readDecimal,
  readBytes: (bytes, begin, end) =>
    isPlainDecimal(bytes, begin, end) ? TEXT : readDecimal(bytes.toString("latin1", begin, end)),
  readJson(value, digits = String(value)) {
    if (typeof value === "string") return readDecimal(value);
    return typeof value === "number" ? readDecimal(digits) : INVALID;
  },
  plain: (text) => plainDecimal.test(text),
};

/** Whether a sign and digits are written as JSON writes them: no plus, no zero in front. */
function isCanonicalInteger(text: string): boolean {
  const at = text.charCodeAt(0) === MINUS ? 1 : 0;
  const first = text.charCodeAt(at);
  return first === ZERO ? text.length === at + 1 : first > ZERO && first < ZERO + 10;
}

function intOf(bytes: Uint8Array, begin: number, end: number): number | typeof INVALID {
  const first = bytes[begin];
  let at = first === MINUS || first === PLUS ? begin + 1 : begin;
  if (at >= end) return INVALID;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return INVALID;
    value = value * 10 + digit;
    // exact up to here, and whatever is larger stays larger when it is rounded
    if (value > Number.MAX_SAFE_INTEGER) return INVALID;
  }
  return first === MINUS ? 0 - value : value;
}

function readBigint(text: string): bigint | typeof INVALID {
  return integer.test(text) ? BigInt(text) : INVALID;
}

function readFloat(text: string): number | typeof INVALID {
  if (float.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : INVALID;
  }
  const word = notFinite.exec(text)?.groups;
  if (word === undefined) return INVALID;
  if (word["nan"] !== undefined) return Number.NaN;
  return word["sign"] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** What {@link plainDecimal} matches. */
function isPlainDecimal(bytes: Uint8Array, begin: number, end: number): boolean {
  const first = bytes[begin] === MINUS ? begin + 1 : begin;
  const point = digitsEnd(bytes, first, end);
  if (point === first || point === end) return point > first;
  return bytes[point] === POINT && point + 1 < end && digitsEnd(bytes, point + 1, end) === end;
}

function readDecimal(text: string): string | typeof INVALID {
  if (plainDecimal.test(text)) return text;
  const groups = decimal.exec(text)?.groups;
  if (groups === undefined) return INVALID;
  const sign = groups["sign"] === "-" ? "-" : "";
  const whole = groups["whole"] ?? "0";
  const fraction = groups["fraction"] ?? groups["only"] ?? "";
  return sign + movePoint(whole, fraction, Number(groups["exponent"] ?? 0));
}

/** `whole.fraction` times ten to the power of `exponent`, digit by digit. */
function movePoint(whole: string, fraction: string, exponent: number): string {
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  const before = digits.slice(0, point).padEnd(point, "0");
  const after = digits.slice(point);
  const significant = exponent > 0 ? before.replace(/^0+(?=\d)/, "") : before;
  return after === "" ? significant : `${significant}.${after}`;
}
