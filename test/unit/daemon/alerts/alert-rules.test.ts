import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RuntimeEvent } from "../../../../src/core/ports/runtime-events.ts";
import type { AlertChange, AlertSettings } from "../../../../src/daemon/alerts/alert.ts";
import { AlertRules } from "../../../../src/daemon/alerts/alert-rules.ts";
import { begun, committed, ended, lagging, MINUTE, minute, shareTaken, slot, START, startFailed } from "./events.ts";

/** A moment at which the clock ticks, in minutes. */
type Step = RuntimeEvent | number;

/** What is said, minute by minute: `3 failed`, `5 -failed`. */
function told(alerts: AlertSettings, steps: readonly Step[], minRecords = 1_000): string[] {
  const rules = new AlertRules();
  const changes = rules.watch([{ job: "orders", alerts, minRecords, successAt: START }], START);
  for (const step of steps) changes.push(...(typeof step === "number" ? rules.tick(minute(step)) : rules.take(step)));
  return changes.map(spelled);
}

function spelled({ at, alert, firing }: AlertChange): string {
  return `${(at - START) / MINUTE} ${firing ? "" : "-"}${alert}`;
}

const live = { endless: true };
const bad = (rejected: number, read = 10_000) => ({ read, rejected, written: read - rejected });

describe("AlertRules", () => {
  it.each<[what: string, alerts: AlertSettings, steps: readonly Step[], said: string[]]>([
    ["a run that fails", { failed: true }, [begun(0), ended(3, "failed")], ["3 failed"]],
    ["a run stopped by its limit", { failed: true }, [begun(0), ended(3, "rejected")], ["3 failed"]],
    ["a run that cannot begin", { failed: true }, [startFailed(1)], ["1 failed"]],
    ["a run that was interrupted", { failed: true }, [begun(0), ended(3, "interrupted")], []],
    [
      "an interrupted run after one that failed",
      { failed: true },
      [ended(1, "failed"), begun(2), ended(3, "interrupted")],
      ["1 failed"],
    ],
    ["the next success", { failed: true }, [ended(1, "failed"), begun(2), ended(3)], ["1 failed", "3 -failed"]],
    ["a second failure", { failed: true }, [ended(1, "failed"), begun(2), ended(3, "failed")], ["1 failed"]],
    [
      "a run without end that stays up for a minute",
      { failed: true },
      [ended(1, "failed"), begun(2, "r2", live), 2.5, 3, 4],
      ["1 failed", "3 -failed"],
    ],
    [
      "a run without end that fails at once again",
      { failed: true },
      [ended(1, "failed"), begun(2, "r2", live), ended(2.5, "failed", {}, "r2"), 9],
      ["1 failed"],
    ],

    ["a run that takes too long", { runDuration: 10 * MINUTE }, [begun(0), 10, 11, 12], ["11 runDuration"]],
    [
      "its end",
      { runDuration: 10 * MINUTE },
      [begun(0), 11, ended(20, "failed")],
      ["11 runDuration", "20 -runDuration"],
    ],
    [
      "an end before anybody looked",
      { runDuration: 10 * MINUTE },
      [begun(0), ended(11)],
      ["11 runDuration", "11 -runDuration"],
    ],
    ["a run without end", { runDuration: 10 * MINUTE }, [begun(0, "r1", live), 11], []],
    [
      "two of them",
      { runDuration: 10 * MINUTE },
      [begun(0, "a"), begun(1, "b"), 12, ended(13, "succeeded", {}, "a"), ended(14, "succeeded", {}, "b")],
      ["12 runDuration", "14 -runDuration"],
    ],

    ["silence", { noSuccessFor: 60 * MINUTE }, [60, 61], ["61 noSuccessFor"]],
    ["a success in time", { noSuccessFor: 60 * MINUTE }, [begun(1), ended(50), 61, 110], []],
    [
      "a success that is late",
      { noSuccessFor: 60 * MINUTE },
      [begun(1), ended(70)],
      ["70 noSuccessFor", "70 -noSuccessFor"],
    ],
    ["failures alone", { noSuccessFor: 60 * MINUTE }, [begun(1), ended(50, "failed"), 61], ["61 noSuccessFor"]],
    [
      "commits of a run without end",
      { noSuccessFor: 60 * MINUTE },
      [begun(0, "r1", live), committed(50, bad(0)), 100, 111],
      ["111 noSuccessFor"],
    ],
    [
      "commits of a run that is to end",
      { noSuccessFor: 60 * MINUTE },
      [begun(0), committed(50, bad(0)), 61],
      ["61 noSuccessFor"],
    ],
    [
      "an empty topic",
      { noSuccessFor: 60 * MINUTE },
      [begun(0, "r1", live), lagging(50, { t: 0 }), 100, lagging(105, { t: 3 }), 111],
      ["111 noSuccessFor"],
    ],
    [
      "a replay",
      { noSuccessFor: 60 * MINUTE, failed: true, rejectRate: 0.1 },
      [begun(50, "p", { trigger: "replay" }), ended(51, "succeeded", bad(9_999), "p"), 61],
      ["61 noSuccessFor"],
    ],

    [
      "a missed slot and the next that succeeds",
      { missedSlot: true },
      [
        slot(1, "2026-11-22T02:00+01:00", "missed"),
        slot(2, "2026-11-23T02:00+01:00", "due"),
        slot(9, "2026-11-23T02:00+01:00", "succeeded"),
      ],
      ["1 missedSlot", "9 -missedSlot"],
    ],
    [
      "a slot before it",
      { missedSlot: true },
      [slot(1, "2026-11-22T02:00+01:00", "missed"), slot(9, "2026-11-21T02:00+01:00", "succeeded")],
      ["1 missedSlot"],
    ],
    [
      "a backfill of it, in another spelling",
      { missedSlot: true },
      [slot(1, "2026-11-22T02:00+01:00", "missed"), slot(9, "2026-11-22T01:00Z", "succeeded")],
      ["1 missedSlot", "9 -missedSlot"],
    ],
    ["a skipped slot", { missedSlot: true }, [slot(1, "2026-11-22T02:00+01:00", "skipped")], []],

    ["a burst", { lag: 100 }, [begun(0, "r1", live), lagging(1, { t: 500 }), lagging(1.5, { t: 90 }), 3], []],
    [
      "a lag that stays, hovers, and is worked off",
      { lag: 100 },
      [
        begun(0, "r1", live),
        lagging(1, { t: 60, u: 60 }),
        2,
        lagging(3, { t: 90 }),
        lagging(4, { t: 101 }),
        lagging(5, { t: 80 }),
      ],
      ["2 lag", "5 -lag"],
    ],
    [
      "splits that another process takes",
      { lag: 100 },
      [begun(0, "r1", live), lagging(1, { t: 90, u: 90 }), 2, shareTaken(3, ["t"]), lagging(4, { t: 70 })],
      ["2 lag", "4 -lag"],
    ],
    [
      "a run that fails, and the next one's word",
      { lag: 100 },
      [
        begun(0, "a", live),
        lagging(1, { t: 200 }, "a"),
        2,
        ended(3, "failed", {}, "a"),
        9,
        begun(10, "b", live),
        lagging(11, { t: 5 }, "b"),
      ],
      ["2 lag", "11 -lag"],
    ],
    ["a run that has read all", { lag: 100 }, [begun(0), lagging(1, { t: 200 }), 2, ended(3)], ["2 lag", "3 -lag"]],

    [
      "rejects in a run, and at its end",
      { rejectRate: 0.01 },
      [begun(0), committed(1, bad(50, 999)), committed(2, bad(50, 999)), ended(3, "succeeded", bad(100, 1_998))],
      ["2 rejectRate"],
    ],
    [
      "a run that comes down again",
      { rejectRate: 0.01 },
      [
        begun(0),
        committed(1, bad(200)),
        committed(2, bad(0)),
        committed(3, bad(0)),
        ended(4, "succeeded", bad(200, 30_000)),
      ],
      ["1 rejectRate", "3 -rejectRate"],
    ],
    [
      "a small run at its end",
      { rejectRate: 0.01 },
      [begun(0), committed(1, bad(5, 50)), ended(2, "succeeded", bad(5, 50))],
      ["2 rejectRate"],
    ],
    [
      "a bad run, one that read nothing, a good one",
      { rejectRate: 0.01 },
      [
        begun(0),
        ended(1, "rejected", bad(500)),
        begun(2),
        ended(3, "succeeded", { read: 0 }),
        begun(4),
        ended(5, "succeeded", bad(0)),
      ],
      ["1 rejectRate", "5 -rejectRate"],
    ],
    [
      "the worst of several sinks",
      { rejectRate: 0.01 },
      [begun(0), committed(1, bad(0), "r1", "a"), committed(2, bad(500), "r1", "b")],
      ["2 rejectRate"],
    ],
    [
      "a live source over five minutes",
      { rejectRate: 0.01 },
      [begun(0, "r1", live), committed(1, bad(200)), committed(2, bad(0, 3_000)), 5, 6, 7],
      ["1 rejectRate", "6 -rejectRate"],
    ],
    [
      "a live source that restarts",
      { rejectRate: 0.01 },
      [begun(0, "a", live), committed(1, bad(200), "a"), ended(2, "failed", bad(200), "a"), begun(3, "b", live), 4, 6],
      ["1 rejectRate", "6 -rejectRate"],
    ],
  ])("tells of %s", (_what, alerts, steps, said) => {
    expect(told(alerts, steps)).toEqual(said);
  });

  it("keeps what fires over a reload with the same terms, and ends what is not asked for any more", () => {
    const rules = new AlertRules();
    const watched = (alerts: AlertSettings) => [{ job: "orders", alerts, minRecords: 1_000, successAt: START }];
    rules.watch(watched({ failed: true, runDuration: 10 * MINUTE }), START);
    rules.take(begun(0, "r1"));
    rules.take(ended(1, "failed", {}, "r0"));
    expect(rules.tick(minute(11)).map(spelled)).toEqual(["11 runDuration"]);
    expect(rules.watch(watched({ failed: true, runDuration: 5 * MINUTE }), minute(12)).map(spelled)).toEqual([
      "12 -runDuration",
      "12 runDuration",
    ]);
    expect(rules.watch(watched({ failed: true }), minute(13)).map(spelled)).toEqual(["13 -runDuration"]);
    expect(rules.firing().map(spelled)).toEqual(["1 failed"]);
    expect(rules.watch([], minute(14)).map(spelled)).toEqual(["14 -failed"]);
  });

  it("says beginning and end in turn, and ends all after good runs, whatever happened before", () => {
    const everything: AlertSettings = {
      rejectRate: 0.01,
      lag: 100,
      runDuration: 10 * MINUTE,
      noSuccessFor: 60 * MINUTE,
      missedSlot: true,
      failed: true,
    };
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (makers) => {
        const rules = new AlertRules();
        const changes = rules.watch([{ job: "orders", alerts: everything, minRecords: 100, successAt: START }], START);
        makers.forEach((make, i) => changes.push(...rules.take(make(i)), ...rules.tick(minute(i + 0.9))));
        const now = makers.length;
        for (const run of RUNS) changes.push(...rules.take(ended(now, "succeeded", bad(0), run)));
        changes.push(...rules.take(begun(now + 6, "last")), ...rules.take(ended(now + 7, "succeeded", bad(0), "last")));
        changes.push(...rules.take(slot(now + 7, "2027-01-01T00:00Z", "succeeded")), ...rules.tick(minute(now + 7)));
        expect(rules.firing()).toEqual([]);
        for (const said of Map.groupBy(changes, ({ alert }) => alert).values())
          expect(said.map(({ firing }) => firing)).toEqual(said.map((_, i) => i % 2 === 0));
      }),
      { numRuns: 300 },
    );
  });
});

const RUNS = ["a", "b", "c"] as const;
const run = fc.constantFrom(...RUNS);

/** Makes an event of a minute. */
const anyStep: fc.Arbitrary<(minutes: number) => RuntimeEvent> = fc.oneof(
  run.map((id) => (at: number) => begun(at, id, { endless: id === "c" })),
  fc.tuple(run, fc.constantFrom("succeeded", "failed", "rejected", "interrupted"), fc.nat(100)).map(
    ([id, state, rejected]) =>
      (at: number) =>
        ended(at, state, bad(rejected, 1_000), id),
  ),
  fc.tuple(run, fc.nat(500)).map(
    ([id, rejected]) =>
      (at: number) =>
        committed(at, bad(rejected, 1_000), id),
  ),
  fc.tuple(run, fc.nat(300)).map(
    ([id, lag]) =>
      (at: number) =>
        lagging(at, { t: lag }, id),
  ),
  fc.constant(startFailed),
  fc
    .constantFrom("missed", "succeeded")
    .map((state) => (at: number) => slot(at, new Date(minute(at)).toISOString(), state)),
);
