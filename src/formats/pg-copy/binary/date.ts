/** date: days since 2000-01-01, 32 bits. */
import { DAY_MS, daysFromCivil, daysInMonth } from "../../../core/calendar.ts";
import { digitsEnd, digitsValue, textOf, twoDigits } from "./ascii-view.ts";
import type { ParsedType } from "./binary-type.ts";

const MINUS = 45;
const ZERO = 48;
const SMALL_C = 99;
const SMALL_Y = 121;
const LOWER = 32;
const ERA = " BC";
const MIN_YEAR_DIGITS = 4;
const MAX_YEAR_DIGITS = 7;
/** `-MM-dd` */
const MONTH_AND_DAY = 6;

/** 2000-01-01 as days since 1970. */
const EPOCH_DAYS = 10_957;
/** 4714-11-24 BC, and the day behind 5874897-12-31. */
const FIRST_DAY = -2_451_545;
const END_DAY = 2_145_031_949;
const LATER_THAN_ALL = 2 ** 31 - 1;
const EARLIER_THAN_ALL = -(2 ** 31);

/** Days as ISO 8601 and Postgres write them, whatever DateStyle says, and the infinities. */
export const date: ParsedType = {
  oid: 1082,
  read(to, at, from, begin, end) {
    const infinity = infinityOf(from, begin, end);
    if (infinity !== 0) return putDays(to, at, infinity > 0 ? LATER_THAN_ALL : EARLIER_THAN_ALL);
    const stop = eraBegin(from, begin, end);
    const year = yearEnd(from, begin, stop);
    if (year + MONTH_AND_DAY !== stop) return -1;
    const days = daysOf(from, begin, year, stop !== end) - EPOCH_DAYS;
    return days >= FIRST_DAY && days < END_DAY ? putDays(to, at, days) : -1;
  },
  put: () => -1,
  putInstant(to, at, ms) {
    const days = Math.floor(ms / DAY_MS) - EPOCH_DAYS;
    return days >= FIRST_DAY && days < END_DAY ? putDays(to, at, days) : -1;
  },
};

function putDays(to: DataView, at: number, days: number): number {
  to.setInt32(at, days);
  return at + 4;
}

/** 1 for `infinity`, -1 for `-infinity`, 0 for all other texts. */
export function infinityOf(from: DataView, begin: number, end: number): number {
  const length = end - begin;
  // most texts of that length end in a digit
  if (length < 8 || length > 9 || (from.getUint8(end - 1) | LOWER) !== SMALL_Y) return 0;
  const text = textOf(from, begin, end).toLowerCase();
  if (text === "infinity") return 1;
  return text === "-infinity" ? -1 : 0;
}

/** Where ` BC` begins; the end where it does not stand. */
export function eraBegin(from: DataView, begin: number, end: number): number {
  if (end - begin <= ERA.length || (from.getUint8(end - 1) | LOWER) !== SMALL_C) return end;
  return textOf(from, end - ERA.length, end) === ERA ? end - ERA.length : end;
}

/** Where the year's digits end; `begin` when there are too few or too many of them. */
export function yearEnd(from: DataView, begin: number, end: number): number {
  const stop = digitsEnd(from, begin, Math.min(end, begin + MAX_YEAR_DIGITS + 1));
  const digits = stop - begin;
  if (digits === MIN_YEAR_DIGITS) return stop;
  const isLong = digits > MIN_YEAR_DIGITS && digits <= MAX_YEAR_DIGITS && from.getUint8(begin) !== ZERO;
  return isLong ? stop : begin;
}

/** Days since 1970 of a year and the `-MM-dd` behind it; NaN for a day that there is not. All bytes must be there. */
export function daysOf(from: DataView, begin: number, year: number, beforeChrist: boolean): number {
  if (from.getUint8(year) !== MINUS || from.getUint8(year + 3) !== MINUS) return Number.NaN;
  const written = digitsValue(from, begin, year);
  const month = twoDigits(from, year + 1);
  const day = twoDigits(from, year + 4);
  const counted = beforeChrist ? 1 - written : written;
  const exists = written > 0 && day > 0 && day <= daysInMonth(counted, month);
  return exists ? daysFromCivil(counted, month, day) : Number.NaN;
}
