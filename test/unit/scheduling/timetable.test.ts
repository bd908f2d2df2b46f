import { describe, expect, test } from "vitest";
import { type CronSchedule, cronTimetable } from "../../../src/scheduling/cron/timetable.ts";
import { intervalTimetable } from "../../../src/scheduling/interval/timetable.ts";
import { type CronTrigger, type IntervalTrigger, triggerShape } from "../../../src/scheduling/options.ts";
import { type Timetable, timetableOf } from "../../../src/scheduling/timetable.ts";

type Rules = Partial<CronSchedule>;

const cron = (schedule: string, timezone: string, rules: Rules = {}) =>
  cronTimetable({ schedule, timezone, dstGap: "runAtNextValid", dstFold: "first", ...rules });

/** The slots of a span, to the minute. */
function slots({ after }: Timetable, from: string, until: string): string[] {
  const found: string[] = [];
  for (let at = after(Date.parse(from)); at !== null && at < Date.parse(until); at = after(at))
    found.push(new Date(at).toISOString().slice(5, 16));
  return found;
}

describe("a local time that the clocks leave out", () => {
  const day = ["2026-03-29T00:00Z", "2026-03-29T03:00Z"] as const;

  test.each<[string, Rules, string[]]>([
    ["30 2 * * *", {}, ["03-29T01:00"]],
    ["30 2 * * *", { dstGap: "skip" }, []],
    ["*/15 2 * * *", {}, ["03-29T01:00"]],
    ["15 2,3 * * *", {}, ["03-29T01:00", "03-29T01:15"]],
    ["0 2,3 * * *", {}, ["03-29T01:00"]],
    ["0 */2 * * *", {}, ["03-29T01:00", "03-29T02:00"]],
    ["*/30 * * * *", {}, ["03-29T00:30", "03-29T01:00", "03-29T01:30", "03-29T02:00", "03-29T02:30"]],
    ["5 * * * *", {}, ["03-29T00:05", "03-29T01:05", "03-29T02:05"]],
    ["5 * * * *", { dstGap: "skip", dstFold: "second" }, ["03-29T00:05", "03-29T01:05", "03-29T02:05"]],
  ])("%s with %j in Europe/Berlin", (schedule, rules, expected) =>
    expect(slots(cron(schedule, "Europe/Berlin", rules), ...day)).toEqual(expected),
  );

  test("is a whole day in Pacific/Apia in 2011", () => {
    const noon = cron("0 12 * * *", "Pacific/Apia");
    expect(slots(noon, "2011-12-29T12:00Z", "2012-01-01T00:00Z")).toEqual([
      "12-29T22:00",
      "12-30T10:00",
      "12-30T22:00",
      "12-31T22:00",
    ]);
    const friday = cron("0 12 * * fri", "Pacific/Apia", { dstGap: "skip" });
    expect(slots(friday, "2011-12-29T12:00Z", "2012-01-10T00:00Z")).toEqual(["01-05T22:00"]);
  });

  test("is midnight in America/Sao_Paulo in 2018, and so one o'clock counts for it", () => {
    const midnight = cron("@daily", "America/Sao_Paulo");
    expect(slots(midnight, "2018-11-03T12:00Z", "2018-11-06T00:00Z")).toEqual(["11-04T03:00", "11-05T02:00"]);
  });

  test("every year with dstGap skip is no slot at all", () => {
    const never = cron("30 2 ? 3 0L", "Europe/Berlin", { dstGap: "skip" });
    expect(never.after(Date.UTC(2026, 0))).toBeNull();
  });
});

describe("a local time that occurs twice", () => {
  const day = ["2026-10-24T23:30Z", "2026-10-25T02:30Z"] as const;

  test.each<[string, Rules, string[]]>([
    ["30 2 * * *", {}, ["10-25T00:30"]],
    ["30 2 * * *", { dstFold: "second" }, ["10-25T01:30"]],
    ["30 2 * * *", { dstFold: "both" }, ["10-25T00:30", "10-25T01:30"]],
    ["0 * * * *", {}, ["10-25T00:00", "10-25T01:00", "10-25T02:00"]],
    ["0 0-23 * * *", { dstFold: "second" }, ["10-25T00:00", "10-25T01:00", "10-25T02:00"]],
    ["0 */2 * * *", {}, ["10-25T00:00"]],
  ])("%s with %j in Europe/Berlin", (schedule, rules, expected) =>
    expect(slots(cron(schedule, "Europe/Berlin", rules), ...day)).toEqual(expected),
  );

  test("is half an hour in Australia/Lord_Howe", () => {
    const span = ["2026-04-04T14:00Z", "2026-04-04T16:00Z"] as const;
    expect(slots(cron("45 1 * * *", "Australia/Lord_Howe", { dstFold: "both" }), ...span)).toEqual([
      "04-04T14:45",
      "04-04T15:15",
    ]);
    expect(slots(cron("*/30 * * * *", "Australia/Lord_Howe"), ...span)).toEqual([
      "04-04T14:30",
      "04-04T15:00",
      "04-04T15:30",
    ]);
  });
});

describe("CronTimetable.after()", () => {
  test.each([
    ["0 0 29 2 */7", "2088-03-01", "2128-02-29"], // a leap day that is a Sunday; 2100 is no leap year
    ["0 0 29 2 *", "2096-03-01", "2104-02-29"],
    ["0 0 L * *", "2028-02-01", "2028-02-29"],
    ["0 0 * * friL", "2026-01-31", "2026-02-27"],
  ])("%s finds the next day after %s", (schedule, from, day) =>
    expect(new Date(cron(schedule, "UTC").after(Date.parse(from)) ?? 0).toISOString()).toBe(`${day}T00:00:00.000Z`),
  );

  test("has slots at the seconds of an expression with six fields", () => {
    const slot = cron("*/20 59 23 31 12 *", "Europe/Berlin").after(Date.parse("2026-12-31T22:59:20Z"));
    expect(slot).toBe(Date.parse("2026-12-31T22:59:40Z"));
  });

  test("has a slot every second, while the clocks are set back too", () => {
    const every = cron("* * * * * *", "Europe/Berlin");
    const start = Date.parse("2026-10-25T00:59:00Z");
    const found = Array.from({ length: 120 }, (_, index) => every.after(start + index * 1000 + 500));
    expect(found).toEqual(found.map((_, index) => start + (index + 1) * 1000));
  });

  test("goes on with the very second behind an hour that it does not fire again", () => {
    const slot = cron("*/30 * 2,3 * * *", "Europe/Berlin").after(Date.parse("2026-10-25T01:00:00Z"));
    expect(slot).toBe(Date.parse("2026-10-25T02:00:00Z"));
  });

  test("refuses a zone that there is not", () =>
    expect(() => cron("@daily", "Mars/Olympus")).toThrow('timezone: "Mars/Olympus" is no known zone'));
});

describe("CronTimetable.noteOf()", () => {
  test("says what the clocks did", () => {
    const nightly = cron("30 2 * * *", "Europe/Berlin", { dstFold: "second" });
    const local = Date.parse("2026-03-29T02:00Z");
    expect(nightly.noteOf(Date.parse("2026-03-29T01:00Z"))).toEqual({
      kind: "gap",
      fromMs: local,
      toMs: local + 3_600_000,
    });
    expect(nightly.noteOf(Date.parse("2026-10-25T01:30Z"))).toEqual({ kind: "fold", turn: "second" });
    expect(nightly.noteOf(Date.parse("2026-10-26T01:30Z"))).toBeNull();
  });

  test("is silent about an hourly schedule, for which no time was left out", () => {
    expect(cron("0 * * * *", "Europe/Berlin").noteOf(Date.parse("2026-03-29T01:00Z"))).toBeNull();
  });
});

describe("intervalTimetable()", () => {
  test.each([
    [60_000, 0, 60_000],
    [60_000, 59_999, 60_000],
    [60_000, 60_000, 120_000],
    [60_000, -1, 0],
    [7, 13.5, 14],
  ])("every %i ms: after %d comes %d", (everyMs, instant, slot) =>
    expect(intervalTimetable({ everyMs }).after(instant)).toBe(slot),
  );
});

describe("timetableOf()", () => {
  const of = (trigger: object): Timetable => timetableOf(triggerShape.parse(trigger) as CronTrigger | IntervalTrigger);
  const nightly = { type: "cron", schedule: "0 2 * * *", timezone: "Europe/Berlin" };

  test("knows cron and interval", () => {
    expect(of(nightly).after(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2026, 0, 1, 1));
    expect(of({ type: "interval", every: "1h" }).after(1)).toBe(3_600_000);
  });

  test("has equal fingerprints for equal slots", () => {
    const same = [nightly, { ...nightly, schedule: " 0  2 * * * " }, { ...nightly, overlap: "allow" }].map(of);
    expect(new Set(same.map(({ fingerprint }) => fingerprint))).toEqual(
      new Set(["cron 0 0 2 * * * Europe/Berlin runAtNextValid first"]),
    );
    expect(of({ ...nightly, schedule: "@hourly", dstGap: "skip" }).fingerprint).toBe(
      of({ ...nightly, schedule: "0 * * * *" }).fingerprint,
    );
  });

  test("has another fingerprint for whatever changes slots", () => {
    const others = [
      nightly,
      { ...nightly, schedule: "0 3 * * *" },
      { ...nightly, timezone: "UTC" },
      { ...nightly, dstGap: "skip" },
      { ...nightly, dstFold: "both" },
      { type: "interval", every: "1h" },
      { type: "interval", every: "2h" },
    ];
    expect(new Set(others.map((trigger) => of(trigger).fingerprint)).size).toBe(others.length);
  });
});
