/** The next local time that a cron expression means, on a calendar without zones. */
import { civilFromDays, DAY_MS, daysInMonth } from "../../core/calendar.ts";
import type { CronExpression } from "./expression.ts";
import { isMatchingDay } from "./matching-days.ts";

/** Days within which a slot comes, if it comes at all: a Feb 29 that is a given weekday takes 40 years at the most. */
export const HORIZON_DAYS = 41 * 366;
const SECOND_MS = 1000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4;

/**
 * The first local time at or after `localMs` that is meant; null if none comes within the horizon.
 *
 * @param localMs a whole second, as milliseconds since 1970 on the local clock
 */
export function nextLocalTime(cron: CronExpression, localMs: number): number | null {
  const start = Math.floor(localMs / DAY_MS);
  const today = nextSecond(cron, (localMs - start * DAY_MS) / SECOND_MS);
  const days = nextDay(cron, today === null ? start + 1 : start);
  if (days === null) return null;
  const second = days === start && today !== null ? today : firstSecond(cron);
  return days * DAY_MS + second * SECOND_MS;
}

/** The first day at or after `start` that is meant; days count from 1970-01-01. */
function nextDay(cron: CronExpression, start: number): number | null {
  let days = start;
  while (days <= start + HORIZON_DAYS) {
    const { year, month, day } = civilFromDays(days);
    const monthDays = daysInMonth(year, month);
    if (!cron.months.includes(month)) days += monthDays - day + 1;
    else if (isMatchingDay(cron, { day, weekday: weekdayOf(days), monthDays })) return days;
    else days++;
  }
  return null;
}

/** The first second of a day at or after `from` that is meant; null if the rest of the day has none. */
function nextSecond({ hours, minutes, seconds }: CronExpression, from: number): number | null {
  const hour = Math.floor(from / HOUR_SECONDS);
  const minute = Math.floor((from % HOUR_SECONDS) / MINUTE_SECONDS);
  if (hours.includes(hour)) {
    const start = hour * HOUR_SECONDS;
    const second = minutes.includes(minute) ? seconds.find((other) => other >= from % MINUTE_SECONDS) : undefined;
    if (second !== undefined) return start + minute * MINUTE_SECONDS + second;
    const later = minutes.find((other) => other > minute);
    if (later !== undefined) return start + later * MINUTE_SECONDS + (seconds[0] ?? 0);
  }
  const laterHour = hours.find((other) => other > hour);
  return laterHour === undefined ? null : firstSecond({ hours: [laterHour], minutes, seconds });
}

function firstSecond({ hours, minutes, seconds }: Pick<CronExpression, "hours" | "minutes" | "seconds">): number {
  return (hours[0] ?? 0) * HOUR_SECONDS + (minutes[0] ?? 0) * MINUTE_SECONDS + (seconds[0] ?? 0);
}

function weekdayOf(days: number): number {
  return (((days + EPOCH_WEEKDAY) % 7) + 7) % 7;
}
