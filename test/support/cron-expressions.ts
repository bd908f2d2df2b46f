/** Random cron expressions, each with what it means spelled out as plain conditions. */
import * as fc from "fast-check";
import type { NaiveSchedule } from "./cron-oracle.ts";

/** An expression and what it means. */
export interface GeneratedCron {
  readonly text: string;
  readonly schedule: NaiveSchedule;
}

interface Field {
  readonly text: string;
  readonly has: (value: number) => boolean;
}

interface DayField {
  readonly text: string;
  readonly has: (date: Date) => boolean;
}

const MONTHS = ["JAN", "feb", "Mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "Mon", "tue", "WED", "thu", "fri", "sat"];

/** One entry of a list: all, a value, a range, a step. */
function entry(min: number, max: number, spell: (value: number) => string = String): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const step = fc.integer({ min: 1, max: Math.min(max, 20) });
  const onStep = (from: number, to: number, by: number) => (candidate: number) =>
    candidate >= from && candidate <= to && (candidate - from) % by === 0;
  return fc.oneof(
    { weight: 3, arbitrary: value.map((one) => ({ text: spell(one), has: (other: number) => other === one })) },
    step.map((by) => ({ text: `*/${by}`, has: onStep(min, max, by) })),
    fc.tuple(value, step).map(([from, by]) => ({ text: `${from}/${by}`, has: onStep(from, max, by) })),
    fc.tuple(value, value, fc.option(step)).map(([one, other, by]) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      return { text: `${spell(from)}-${spell(to)}${by === null ? "" : `/${by}`}`, has: onStep(from, to, by ?? 1) };
    }),
  );
}

function listOf(entries: fc.Arbitrary<Field>): fc.Arbitrary<Field> {
  return fc.array(entries, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(","),
    has: (value) => parts.some((part) => part.has(value)),
  }));
}

const every = fc.constant<Field>({ text: "*", has: () => true });
const field = (min: number, max: number, spell?: (value: number) => string): fc.Arbitrary<Field> =>
  fc.oneof(every, listOf(entry(min, max, spell)));

/** Mostly hours at which clocks are set. */
const hours = fc.oneof(
  { weight: 4, arbitrary: listOf(entry(0, 4)).filter(({ text }) => !/[*/]/.test(text)) },
  { weight: 2, arbitrary: field(0, 23) },
);
const months = fc.oneof(
  { weight: 4, arbitrary: every },
  { weight: 1, arbitrary: field(1, 12, (month) => MONTHS[month - 1] ?? "") },
);

const isLast = (date: Date, days: number): boolean => {
  const later = new Date(date);
  later.setUTCDate(date.getUTCDate() + days);
  return later.getUTCMonth() !== date.getUTCMonth();
};
const anyDay = fc.constantFrom("*", "?").map<DayField>((text) => ({ text, has: () => true }));
const monthDays: fc.Arbitrary<DayField> = fc.oneof(
  { weight: 3, arbitrary: anyDay },
  fc.constantFrom("L", "l").map((text) => ({ text, has: (date: Date) => isLast(date, 1) })),
  listOf(entry(1, 31)).map(({ text, has }) => ({ text, has: (date: Date) => has(date.getUTCDate()) })),
);
const weekDays: fc.Arbitrary<DayField> = fc.oneof(
  { weight: 3, arbitrary: anyDay },
  fc.constant({ text: "7", has: (date: Date) => date.getUTCDay() === 0 }),
  fc.constant({ text: "fri-sun", has: (date: Date) => [5, 6, 0].includes(date.getUTCDay()) }),
  fc.integer({ min: 0, max: 6 }).map((day) => ({
    text: `${WEEKDAYS[day]}L`,
    has: (date: Date) => date.getUTCDay() === day && isLast(date, 7),
  })),
  listOf(entry(0, 6, (day) => WEEKDAYS[day] ?? "")).map(({ text, has }) => ({
    text,
    has: (date: Date) => has(date.getUTCDay()),
  })),
);

/** Seconds for one expression in four, and then only one or two of them. */
const seconds = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 2 }),
);

/** Expressions of five and six fields, made of everything that stands in docs/scheduling.md. */
export const cronExpressions: fc.Arbitrary<GeneratedCron> = fc
  .tuple(seconds, field(0, 59), hours, monthDays, months, weekDays)
  .map(([second, minute, hour, monthDay, month, weekDay]) => ({
    text: [second?.join(","), minute.text, hour.text, monthDay.text, month.text, weekDay.text]
      .filter((text) => text !== undefined)
      .join(" "),
    schedule: {
      seconds: second ?? [0],
      minute: minute.has,
      hour: hour.has,
      month: month.has,
      day: dayRule(monthDay, weekDay),
    },
  }));

function dayRule(monthDay: DayField, weekDay: DayField): (date: Date) => boolean {
  const isStarred = [monthDay, weekDay].some(({ text }) => /^[*?]/.test(text));
  return (date) => (isStarred ? monthDay.has(date) && weekDay.has(date) : monthDay.has(date) || weekDay.has(date));
}
