/** Decimal numbers of any length: reading, writing, comparing and dividing their digits. */

/** `units` hundredths, thousandths, ...: the number is `units / 10 ** scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
/** So many digits always fit into a double. */
const SAFE_DIGITS = 15;

const decimal = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d{1,3}))?$/;

/** Postgres' numbers: significant digits of a quotient at least, and decimal digits of one of its own digits. */
const QUOTIENT_DIGITS = 16;
const POSTGRES_DIGITS = 4;
const LARGEST_SCALE = 1000;

/** Reads decimals without making anything, as long as they are short. */
export class DecimalScanner {
  /** The units of a short decimal; meaningless when `long` is set. */
  units = 0;
  /** The units of one that has too many digits for a double. */
  long: bigint | null = null;
  scale = 0;

  /** Whether `text` is a decimal; if so it is read. */
  scan(text: string): boolean {
    const { length } = text;
    const first = text.charCodeAt(0);
    const begin = first === MINUS || first === PLUS ? 1 : 0;
    let point = -1;
    let units = 0;
    for (let at = begin; at < length; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit >= 0 && digit <= 9) units = units * 10 + digit;
      else if (digit === POINT - ZERO && point < 0) point = at;
      else return this.#scanLong(text);
    }
    const digits = length - begin - (point < 0 ? 0 : 1);
    if (digits === 0) return false;
    if (digits > SAFE_DIGITS) return this.#scanLong(text);
    this.units = first === MINUS ? -units : units;
    this.long = null;
    this.scale = point < 0 ? 0 : length - point - 1;
    return true;
  }

  #scanLong(text: string): boolean {
    const read = parseDecimal(text);
    if (read === undefined) return false;
    this.long = read.units;
    this.scale = read.scale;
    return true;
  }
}

/** Reads a decimal, with an exponent if it has one; undefined for anything else. */
export function parseDecimal(text: string): Decimal | undefined {
  const { sign, whole = "", fraction = "", exponent = "0" } = decimal.exec(text)?.groups ?? {};
  if (whole + fraction === "") return undefined;
  const units = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { units: units * powerOfTen(-scale), scale: 0 } : { units, scale };
}

/** The same number with more digits behind the point. */
export function rescale({ units, scale }: Decimal, to: number): Decimal {
  return { units: units * powerOfTen(to - scale), scale: to };
}

/** All digits, as many behind the point as the scale says. */
export function formatDecimal({ units, scale }: Decimal): string {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Less than, equal to or greater than 0, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [rescale(a, scale).units, rescale(b, scale).units];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The quotient, with as many digits behind the point as Postgres gives `numeric / numeric`: 16 significant ones at least
 * and never fewer than the dividend has; rounded half away from zero.
 *
 * Source: PostgreSQL, `select_div_scale` in numeric.c.
 */
export function divideDecimal(dividend: Decimal, divisor: bigint): Decimal {
  const left = leadingDigit(dividend);
  const right = leadingDigit({ units: divisor, scale: 0 });
  const weight = left.weight - right.weight - (left.digit <= right.digit ? 1 : 0);
  const wanted = Math.max(QUOTIENT_DIGITS - weight * POSTGRES_DIGITS, dividend.scale, 0);
  const scale = Math.min(wanted, LARGEST_SCALE);
  const { units } = rescale(dividend, Math.max(scale, dividend.scale));
  const half = divisor / 2n;
  const rounded = (units < 0n ? units - half : units + half) / divisor;
  return { units: rounded, scale: Math.max(scale, dividend.scale) };
}

/** Postgres keeps four decimal digits as one: the first that is not 0, and its power of 10,000. */
function leadingDigit({ units, scale }: Decimal): { readonly digit: number; readonly weight: number } {
  if (units === 0n) return { digit: 0, weight: 0 };
  const text = formatDecimal({ units: units < 0n ? -units : units, scale });
  const [whole = "", fraction = ""] = text.split(".");
  if (whole !== "0") {
    const weight = Math.ceil(whole.length / POSTGRES_DIGITS) - 1;
    return { digit: Number(whole.slice(0, whole.length - weight * POSTGRES_DIGITS)), weight };
  }
  const group = Math.floor(fraction.search(/[1-9]/) / POSTGRES_DIGITS);
  const digits = fraction.slice(group * POSTGRES_DIGITS, (group + 1) * POSTGRES_DIGITS);
  return { digit: Number(digits.padEnd(POSTGRES_DIGITS, "0")), weight: -1 - group };
}

function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}
