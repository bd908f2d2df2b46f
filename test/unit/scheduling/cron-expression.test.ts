import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { cronMistake } from "../../../src/scheduling/cron/excerpt.ts";
import { type CronExpression, parseCron } from "../../../src/scheduling/cron/expression.ts";

function refusalOf(expression: string): MillraceError {
  try {
    parseCron(expression);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new MillraceError("INVARIANT", `${expression} was taken`);
}

describe("parseCron() reads", () => {
  test("five fields as plain data", () => {
    expect(parseCron(" */20  8-10 1,L\tjan,Nov-dec 5L ")).toEqual({
      text: "0 */20 8-10 1,l jan,nov-dec 5l",
      seconds: [0],
      minutes: [0, 20, 40],
      hours: [8, 9, 10],
      daysOfMonth: [1],
      isLastDayOfMonth: true,
      months: [1, 11, 12],
      daysOfWeek: [],
      lastDaysOfWeek: [5],
      needsBothDays: false,
    } satisfies CronExpression);
  });

  test.each<[string, Partial<CronExpression>]>([
    ["15,45 * * * * *", { seconds: [15, 45] }],
    ["5/15 * * * *", { minutes: [5, 20, 35, 50] }],
    ["10-40/10,59 * * * *", { minutes: [10, 20, 30, 40, 59] }],
    ["7,7,5-8 * * * *", { minutes: [5, 6, 7, 8] }],
    ["07 09 * * *", { minutes: [7], hours: [9] }],
    ["0 0 ? * ?", { needsBothDays: true }],
    ["0 0 */2 * mon", { needsBothDays: true }],
    ["0 0 2/2 * mon", { needsBothDays: false }],
    ["0 0 * * 0,7", { daysOfWeek: [0] }],
    ["0 0 * * fri-sun", { daysOfWeek: [0, 5, 6] }],
    ["0 0 * * 5-7", { daysOfWeek: [0, 5, 6] }],
    ["0 0 * * sun-tue", { daysOfWeek: [0, 1, 2] }],
    ["0 0 * * 1/2", { daysOfWeek: [1, 3, 5] }],
    ["0 0 * * SUNl,7L,tueL", { lastDaysOfWeek: [0, 2] }],
  ])("%s", (expression, meaning) => expect(parseCron(expression)).toMatchObject(meaning));

  test.each([
    ["@yearly", "0 0 0 1 1 *"],
    ["@annually", "0 0 0 1 1 *"],
    ["@monthly", "0 0 0 1 * *"],
    ["@weekly", "0 0 0 * * 0"],
    ["@daily", "0 0 0 * * *"],
    ["@Midnight", "0 0 0 * * *"],
    ["@hourly", "0 0 * * * *"],
  ])("%s as %s", (nickname, text) => expect(parseCron(nickname).text).toBe(text));

  test.each(["0 0 29 2 *", "0 0 29 2 */7", "0 0 30 2 mon", "0 0 31 */2 *", "0 0 L 2 *"])(
    "%s, which comes true now and then",
    (expression) => expect(parseCron(expression).text).toBe(`0 ${expression.toLowerCase()}`),
  );
});

describe("parseCron() refuses", () => {
  const shape = "a schedule is minute, hour, day of month, month, day of week, with seconds before them if wanted";
  const nicknames = "allowed are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly";
  const weekdays = "allowed are 0-7 or sun-sat, with L behind for the last one of the month";
  const never = "no such day comes in these months, so the schedule would never fire";
  test.each([
    ["", 1, `0 fields; ${shape}`],
    ["0 2 *", 6, `3 fields; ${shape}`],
    ["x", 2, `1 field; ${shape}`],
    ["0 0 2 * * * 2026", 13, `2026: 7 fields; ${shape}`],
    ["60 * * * *", 1, "minute 60: allowed are 0-59"],
    ["0 25 * * *", 3, "hour 25: allowed are 0-23"],
    ["0 0 0 * *", 5, "day of month 0: allowed are 1-31 or L"],
    ["0 0 1 13 *", 7, "month 13: allowed are 1-12 or jan-dec"],
    ["0 0 * * 8", 9, `day of week 8: ${weekdays}`],
    ["61 0 0 * * *", 1, "second 61: allowed are 0-59"],
    ["0  1,2,99 * * *", 8, "hour 99: allowed are 0-23"],
    ["0 1-24 * * *", 5, "hour 24: allowed are 0-23"],
    ["0,,5 * * * *", 3, 'minute "": allowed are 0-59'],
    ["-5 * * * *", 1, 'minute "": allowed are 0-59'],
    ["+5 * * * *", 1, 'minute "+5": allowed are 0-59'],
    ["1.5 * * * *", 1, 'minute "1.5": allowed are 0-59'],
    ["*5 * * * *", 1, 'minute "*5": allowed are 0-59'],
    ["mon * * * *", 1, "minute mon: allowed are 0-59"],
    ["? * * * *", 1, 'minute "?": ? stands in the two day fields only; write *'],
    ["L * * * *", 1, "minute L: allowed are 0-59"],
    ["0 0 15W * *", 5, "day of month 15W: allowed are 1-31 or L"],
    ["0 0 L-3 * *", 5, "day of month L: allowed are 1-31 or L"],
    ["0 0 * * L", 9, `day of week L: ${weekdays}`],
    ["0 0 * * mon#2", 9, `day of week "mon#2": ${weekdays}`],
    ["0 0 * * monday", 9, `day of week monday: ${weekdays}`],
    ["0 0 * * 8L", 9, `day of week 8: ${weekdays}`],
    ["*/0 * * * *", 3, "step of minute 0: allowed are 1-59"],
    ["*/60 * * * *", 3, "step of minute 60: allowed are 1-59"],
    ["0 */24 * * *", 5, "step of hour 24: allowed are 1-23"],
    ["*/ * * * *", 3, 'step of minute "": allowed are 1-59'],
    ["*/5/2 * * * *", 5, "minute 2: one step is all that a range takes"],
    ["1-5-9 * * * *", 5, "minute 9: a range has two ends"],
    ["0 22-2 * * *", 3, 'hour "22-2": runs backwards; write 22-23,0-2'],
    ["0 0 * * fri-mon", 9, 'day of week "fri-mon": runs backwards; write 5-6,0-1'],
    ["0 0 * nov-jan *", 7, 'month "nov-jan": runs backwards; write 11-12,1'],
    ["@reboot", 1, `@reboot: ${nicknames}`],
    ["@every 5m", 1, `@every: ${nicknames}`],
    ["@daily 5", 8, "5: nothing may follow an expression that begins with @"],
    ["0 0 31 2 *", 5, `day of month 31: ${never}`],
    ["0 0 30,31 feb ?", 5, `day of month "30,31": ${never}`],
    ["0 0 31 4,jun,9,11 *", 5, `day of month 31: ${never}`],
    ["0 0 */31 * friL", 5, `day of month "*/31": ${never}`],
  ])("%j at column %i", (expression, column, problem) => {
    const error = refusalOf(expression);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toBe(`${JSON.stringify(expression)}: column ${column}: ${problem}`);
    expect(cronMistake(error)?.column).toBe(column);
  });
});
