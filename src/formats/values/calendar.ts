/** The proleptic Gregorian calendar as arithmetic: no Date object, no allocation. */

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

const ZERO = 48;
const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** So far below zero that a number stays negative whatever other digits are added to it. */
const NO_DIGITS = -10_000;

/** Whether the calendar has this day, in the years 1 to 9999; false when a part is NaN. */
export function isRealDate(year: number, month: number, day: number): boolean {
  return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/**
 * Days from 1970-01-01 to a date.
 *
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
 */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  // none of these is negative, so that truncating is the same as Math.floor, and it is done in whole numbers
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The number that two decimal digits at `at` make; negative when they are none. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

/** The `yyyy-MM-dd` in the ten bytes from `at` on as days since 1970, or NaN if there is no such day. */
export function isoDays(bytes: Uint8Array, at: number): number {
  if (bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return Number.NaN;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  return isRealDate(year, month, day) ? daysFromCivil(year, month, day) : Number.NaN;
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return MONTH_DAYS[month] ?? 0;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}
