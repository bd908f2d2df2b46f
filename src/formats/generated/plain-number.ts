/** Whether a text is a number as JSON has it, for code that copies the text of numbers it has not read. */

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const SMALL_E = 101;
/** All whole numbers of so many digits are safe. */
const SAFE_DIGITS = 15;
/** No number of so many characters, with so few digits in its exponent, is infinite. */
const MAX_LENGTH = 64;
const MAX_EXPONENT_DIGITS = 2;

/** Whether `from[begin, end)` is a whole number of at most 15 digits. */
export function isWholeNumber(from: DataView, begin: number, end: number): boolean {
  const first = behindSign(from, begin, end);
  const behind = behindDigits(from, first, end);
  return behind === end && behind - first <= SAFE_DIGITS && isIntegerPart(from, first, behind);
}

/** Whether `from[begin, end)` is a number that a double holds, such as `-0.5` and `1e+20`; false also for very large ones. */
export function isNumber(from: DataView, begin: number, end: number): boolean {
  if (end - begin > MAX_LENGTH) return false;
  const first = behindSign(from, begin, end);
  let at = behindDigits(from, first, end);
  if (!isIntegerPart(from, first, at)) return false;
  if (at < end && from.getUint8(at) === POINT) {
    const behind = behindDigits(from, at + 1, end);
    if (behind === at + 1) return false;
    at = behind;
  }
  if (at === end) return true;
  if (from.getUint8(at) !== SMALL_E || at + 1 === end) return false;
  const sign = from.getUint8(at + 1);
  const exponent = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  return exponent < end && end - exponent <= MAX_EXPONENT_DIGITS && behindDigits(from, exponent, end) === end;
}

/** Digits, of which the first is no zero unless it is the only one. */
function isIntegerPart(from: DataView, begin: number, end: number): boolean {
  return end - begin === 1 || (end > begin && from.getUint8(begin) !== ZERO);
}

function behindSign(from: DataView, begin: number, end: number): number {
  return begin < end && from.getUint8(begin) === MINUS ? begin + 1 : begin;
}

function behindDigits(from: DataView, begin: number, end: number): number {
  let at = begin;
  for (; at < end; at++) {
    const byte = from.getUint8(at);
    if (byte < ZERO || byte > NINE) break;
  }
  return at;
}
