import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCron } from "../../src/scheduling/cron/expression.ts";
import { cronTimetable } from "../../src/scheduling/cron/timetable.ts";
import { intervalTimetable } from "../../src/scheduling/interval/timetable.ts";
import type { Timetable } from "../../src/scheduling/timetable.ts";
import { cronExpressions, type GeneratedCron } from "../support/cron-expressions.ts";
import { isKnown, type NaiveRules, slotsByBruteForce, type ZoneTable, zoneTable } from "../support/cron-oracle.ts";

/** Expressions per zone; raise it for a long run. */
const numRuns = Number(process.env["CRON_RUNS"] ?? 6);
const DAYS = 400;
const DAY_MS = 86_400_000;
/** Slots of one expression that are all compared; of more, those around the changes. */
const MOST_COMPARED = 4_000;

const rules: fc.Arbitrary<NaiveRules> = fc.record({
  dstGap: fc.constantFrom("runAtNextValid", "skip"),
  dstFold: fc.constantFrom("first", "second", "both"),
});
function canFire(text: string): boolean {
  try {
    parseCron(text);
    return true;
  } catch (thrown) {
    if (String(thrown).includes("would never fire")) return false;
    throw thrown;
  }
}

function slotsBetween({ after }: Timetable, from: number, until: number): number[] {
  const slots: number[] = [];
  for (let slot = after(from - 1); slot !== null && slot < until; slot = after(slot)) slots.push(slot);
  return slots;
}

/** The whole table, or the days around each change of the clocks for a schedule that fires often. */
function comparedSpans(count: number, { from, until, changes }: ZoneTable): (readonly [number, number])[] {
  const whole = [from + 2 * DAY_MS, until - 2 * DAY_MS] as const;
  if (count <= MOST_COMPARED || changes.length === 0) return [whole];
  return changes
    .map((change) => [change - 26 * 3_600_000, change + 26 * 3_600_000] as const)
    .filter((span) => span.every((end) => isKnown(end, { from, until })));
}

function expectAgreement({ text, schedule }: GeneratedCron, policy: NaiveRules, table: ZoneTable): void {
  const expected = slotsByBruteForce(schedule, policy, table);
  if (!canFire(text)) {
    expect(expected).toEqual([]);
    return;
  }
  const timetable = cronTimetable({ schedule: text, timezone: table.zone, ...policy });
  for (const [from, until] of comparedSpans(expected.length, table)) {
    const slots = slotsBetween(timetable, from, until);
    expect(slots).toEqual(expected.filter((slot) => slot >= from && slot < until));
  }
}

describe(`cronTimetable() agrees with brute force over ${DAYS} days`, () => {
  test.each([
    ["Europe/Berlin", "2026-01-01"],
    ["Europe/Dublin", "2026-01-01"],
    ["America/New_York", "2026-01-01"],
    ["America/St_Johns", "2005-12-01"], // set at 00:01
    ["America/Sao_Paulo", "2017-09-01"], // a gap at midnight
    ["America/Santiago", "2026-01-01"],
    ["Africa/Cairo", "2026-01-01"], // midnight too, on Fridays
    ["Africa/Casablanca", "2026-01-01"], // set back for Ramadan
    ["Australia/Lord_Howe", "2026-01-01"], // by half an hour
    ["Pacific/Apia", "2011-06-01"], // without 2011-12-30
    ["Pacific/Chatham", "2026-01-01"],
    ["Antarctica/Troll", "2026-01-01"], // by two hours
    ["America/Caracas", "2015-10-01"], // for good, by half an hour
    ["Asia/Kathmandu", "2026-01-01"],
    ["UTC", "2026-01-01"],
  ])("in %s from %s", (zone, start) => {
    const table = zoneTable(zone, start, DAYS);
    fc.assert(
      fc.property(cronExpressions, rules, (cron, policy) => expectAgreement(cron, policy, table)),
      { numRuns },
    );
  });
});

describe("Timetable.after()", () => {
  const instants = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) });
  const timetables: fc.Arbitrary<Timetable> = fc.oneof(
    fc.integer({ min: 1, max: 100 * DAY_MS }).map((everyMs) => intervalTimetable({ everyMs })),
    fc
      .tuple(
        cronExpressions.filter(({ text }) => canFire(text)),
        rules,
        fc.constantFrom("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"),
      )
      .map(([{ text }, policy, timezone]) => cronTimetable({ schedule: text, timezone, ...policy })),
  );

  test("goes strictly forward and has one answer between two slots", () => {
    fc.assert(
      fc.property(timetables, instants, fc.double({ min: 0, max: 1, noNaN: true }), ({ after }, instant, share) => {
        const slot = after(instant);
        if (slot === null) return;
        expect(slot).toBeGreaterThan(instant);
        expect(after(slot - 1)).toBe(slot);
        const between = Math.min(slot - 1, instant + Math.floor((slot - instant) * share));
        expect(after(between)).toBe(slot);
        expect(after(slot) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(slot);
      }),
    );
  });
});
