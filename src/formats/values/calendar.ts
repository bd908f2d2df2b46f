/** Dates in bytes, by the arithmetic of the calendar: no Date object, no allocation. */
import { daysFromCivil, daysInMonth } from "../../core/calendar.ts";

const ZERO = 48;
/** So far below zero that a number stays negative whatever other digits are added to it. */
const NO_DIGITS = -10_000;

/** Whether the calendar has this day, in the years 1 to 9999; false when a part is NaN. */
export function isRealDate(year: number, month: number, day: number): boolean {
  return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
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
