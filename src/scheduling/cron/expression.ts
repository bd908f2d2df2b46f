/**
 * A cron expression as data.
 *
 * Sources: the crontab of IEEE 1003.1 (five fields, lists, ranges; a day is meant when either day field means it), vixie
 * cron's crontab(5) (names, steps, Sunday as 7, `@daily` and the like, and that a day field beginning with `*` restricts
 * nothing, so that the other one decides). Seconds, `?` and `L` are as Quartz has them.
 */
import { type Excerpt, refuse, wordsOf } from "./excerpt.ts";
import { DAY_OF_MONTH, DAY_OF_WEEK, type FieldValues, HOUR, MINUTE, MONTH, readField, SECOND } from "./field.ts";
import { hasMatchingDay } from "./matching-days.ts";

/** What an expression means. All lists are in order, without repeats. */
export interface CronExpression {
  /** The same expression in one spelling: lower case, single blanks, `@daily` and the like written out. */
  readonly text: string;
  /** `[0]` for an expression of five fields. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly isLastDayOfMonth: boolean;
  /** January is 1. */
  readonly months: readonly number[];
  /** Sunday is 0. */
  readonly daysOfWeek: readonly number[];
  /** Weekdays whose last one in the month is meant. */
  readonly lastDaysOfWeek: readonly number[];
  /** Whether a day has to be meant by both day fields; else one of them is enough. */
  readonly needsBothDays: boolean;
}

const NICKNAMES: { readonly [name: string]: string } = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const SHAPE = "a schedule is minute, hour, day of month, month, day of week, with seconds before them if wanted";
const FEWEST_FIELDS = 5;
const MOST_FIELDS = 6;

/**
 * Reads an expression of five fields, or of six that begin with seconds.
 *
 * @throws MillraceError CONFIG_INVALID with the column of the mistake, also for an expression that never comes true
 * @example
 * parseCron("0,30 8-18 * * mon-fri").hours; // [8, 9, ..., 18]
 */
export function parseCron(expression: string): CronExpression {
  const words = wordsOf(expression);
  const [first] = words;
  if (first?.text.startsWith("@") === true) return parseNickname(first, words);
  if (words.length < FEWEST_FIELDS) {
    const end = { expression, start: expression.trimEnd().length, text: "" };
    refuse(end, "", `${countOf(words)}; ${SHAPE}`);
  }
  const surplus = words[MOST_FIELDS];
  if (surplus !== undefined) refuse(surplus, "", `${countOf(words)}; ${SHAPE}`);
  return parseFields(words.length === MOST_FIELDS ? words : [{ expression, start: 0, text: "0" }, ...words]);
}

function parseNickname(name: Excerpt, [, surplus]: readonly Excerpt[]): CronExpression {
  const written = NICKNAMES[name.text.toLowerCase()];
  if (written === undefined) refuse(name, "", `allowed are ${Object.keys(NICKNAMES).join(", ")}`);
  if (surplus !== undefined) refuse(surplus, "", "nothing may follow an expression that begins with @");
  return parseCron(written);
}

type SixFields = [Excerpt, Excerpt, Excerpt, Excerpt, Excerpt, Excerpt];

function parseFields(words: readonly Excerpt[]): CronExpression {
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = words as SixFields;
  const seconds = readField(second, SECOND);
  const minutes = readField(minute, MINUTE);
  const hours = readField(hour, HOUR);
  const monthDays = readField(dayOfMonth, DAY_OF_MONTH);
  const months = readField(month, MONTH);
  const weekDays = readField(dayOfWeek, DAY_OF_WEEK);
  const cron: CronExpression = {
    text: words.map(({ text }) => text.toLowerCase()).join(" "),
    seconds: seconds.values,
    minutes: minutes.values,
    hours: hours.values,
    months: months.values,
    ...daysOf(monthDays, weekDays),
  };
  if (!hasMatchingDay(cron)) {
    refuse(dayOfMonth, DAY_OF_MONTH.name, "no such day comes in these months, so the schedule would never fire");
  }
  return cron;
}

function daysOf(monthDays: FieldValues, weekDays: FieldValues) {
  return {
    daysOfMonth: monthDays.values,
    isLastDayOfMonth: monthDays.last.length > 0,
    daysOfWeek: weekDays.values,
    lastDaysOfWeek: weekDays.last,
    needsBothDays: monthDays.isStarred || weekDays.isStarred,
  };
}

function countOf(words: readonly Excerpt[]): string {
  return words.length === 1 ? "1 field" : `${words.length} fields`;
}
