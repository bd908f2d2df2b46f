/** Which days of a month a cron expression means. */
import type { CronExpression } from "./expression.ts";

/** The parts of an expression that speak of days. */
type CronDays = Pick<
  CronExpression,
  "months" | "daysOfMonth" | "isLastDayOfMonth" | "daysOfWeek" | "lastDaysOfWeek" | "needsBothDays"
>;

/** A day as the expression sees it. */
interface Day {
  /** Of the month, from 1. */
  readonly day: number;
  /** From 0, Sunday. */
  readonly weekday: number;
  /** Days of its month. */
  readonly monthDays: number;
}

const WEEK_DAYS = 7;
/** How many days each month can have, by number; the first entry is nobody's. */
const MONTH_LENGTHS = [[], [31], [28, 29], [31], [30], [31], [30], [31], [31], [30], [31], [30], [31]];

/** Whether a day of one of the expression's months is meant. */
export function isMatchingDay(cron: CronDays, { day, weekday, monthDays }: Day): boolean {
  const byMonth = cron.daysOfMonth.includes(day) || (cron.isLastDayOfMonth && day === monthDays);
  const byWeek =
    cron.daysOfWeek.includes(weekday) || (cron.lastDaysOfWeek.includes(weekday) && day > monthDays - WEEK_DAYS);
  return cron.needsBothDays ? byMonth && byWeek : byMonth || byWeek;
}

/**
 * Whether any year has a day that is meant. In 400 years every month begins on every weekday, and February does so with 28
 * and with 29 days, so that it is enough to try these.
 */
export function hasMatchingDay(cron: CronDays): boolean {
  return cron.months.some((month) =>
    (MONTH_LENGTHS[month] ?? []).some((monthDays) =>
      Array.from({ length: monthDays * WEEK_DAYS }, (_, index) => index).some((index) => {
        const day = Math.floor(index / WEEK_DAYS) + 1;
        return isMatchingDay(cron, { day, weekday: index % WEEK_DAYS, monthDays });
      }),
    ),
  );
}
