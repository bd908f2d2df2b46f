import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunRow } from "../../../src/core/ports/state-store.ts";
import { AfterSlots } from "../../../src/scheduling/after-slots.ts";
import { SuccessBell } from "../../../src/scheduling/success-bell.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";

const BEGIN = Date.UTC(2026, 10, 22);

function run(id: string, endedAt: number, slot: string | null = null, params = "[]"): RunRow {
  const at = new Date(endedAt).toISOString();
  return {
    ...{ id, job: "first", scope: id, slot, params, trigger: "cron", state: "succeeded" },
    ...{ startedAt: at, endedAt: at, columns: null, fingerprint: null, summary: null },
  };
}

function setUp() {
  const store = openMemoryStore();
  const bell = new SuccessBell();
  const counts = ({ params }: RunRow): boolean => params === "[]";
  return { store, bell, slots: new AfterSlots({ upstream: "first", runs: store, counts, bell }) };
}

describe("AfterSlots", () => {
  test("takes the slot of the run before, else the instant of its end", async () => {
    const { store, slots } = setUp();
    const start = await slots.start(BEGIN);
    await store.createRun(run("b", BEGIN + 2_345));
    await store.createRun(run("a", BEGIN + 1_000, "2026-11-21T02:00:00+01:00"));
    await store.createRun(run("c", BEGIN + 3_000, "2026-11-20"));
    await store.createRun(run("d", BEGIN + 3_000, "2027-01-01T00:00"));
    const due = await slots.due(start, BEGIN + 5_000);
    expect(due.slots).toEqual([
      { slot: "2026-11-20", at: Date.UTC(2026, 10, 20) },
      { slot: "2026-11-21T02:00:00+01:00", at: Date.UTC(2026, 10, 21, 1) },
      { slot: "2026-11-22T00:00:02.345Z", at: BEGIN + 2_345 },
      // It lies ahead, and is due all the same.
      { slot: "2027-01-01T00:00", at: BEGIN + 3_000 },
    ]);
    expect(await slots.due(due.cursor, BEGIN + 6_000)).toEqual({ slots: [], cursor: due.cursor });
  });

  test("counts neither what has not succeeded, nor other jobs, nor runs that stand apart, nor what was there before", async () => {
    const { store, slots } = setUp();
    await store.createRun(run("old", BEGIN - 1));
    // Its clock is ahead.
    await store.createRun(run("ahead", BEGIN + 30_000));
    const start = await slots.start(BEGIN);
    await store.createRun({ ...run("failed", BEGIN + 1), state: "failed" });
    await store.createRun({ ...run("other", BEGIN + 1), job: "second" });
    await store.createRun(run("replay", BEGIN + 1, null, '[["--replay","1"]]'));
    for (const now of [1_000, 40_000])
      expect(await slots.due(start, BEGIN + now)).toEqual({ slots: [], cursor: start });
  });

  test("sees what another machine wrote late, and all that ended in one millisecond", async () => {
    const { store, slots } = setUp();
    let cursor = await slots.start(BEGIN);
    const texts: string[] = [];
    const ends = [10_000, 8_000, 10_000, 10_000, 9_999];
    for (const [index, end] of ends.entries()) {
      await store.createRun(run(`r${9 - index}`, BEGIN + end));
      const due = await slots.due(cursor, BEGIN + 11_000 + index);
      cursor = due.cursor;
      texts.push(...due.slots.map(({ slot }) => slot.slice(17)));
    }
    expect(texts).toEqual(["10.000Z", "08.000Z", "10.001Z", "10.002Z", "09.999Z"]);
  });

  test("is not blinded by a success whose clock is far ahead", async () => {
    const { store, slots } = setUp();
    const start = await slots.start(BEGIN);
    await store.createRun(run("ahead", BEGIN + 3_600_000));
    const { cursor } = await slots.due(start, BEGIN + 1_000);
    await store.createRun(run("now", BEGIN + 2_000));
    const due = await slots.due(cursor, BEGIN + 3_000);
    expect(due.slots.map(({ at }) => at)).toEqual([BEGIN + 2_000]);
    expect((await slots.due(due.cursor, BEGIN + 4_000_000)).slots).toEqual([]);
  });

  test("announces each success once, whatever daemons look at which order of writes", async () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 40_000 }),
      // Written so long after its end.
      late: fc.integer({ min: 0, max: 19_000 }),
      writes: fc.boolean(),
      daemon: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { store, slots } = setUp();
        const daemons = [slots, new AfterSlots({ upstream: "first", runs: store, counts: () => true })];
        let now = BEGIN;
        let cursor = await slots.start(now);
        const announced: string[] = [];
        let written = 0;
        for (const { wait, late, writes, daemon } of steps) {
          now += wait;
          if (writes) await store.createRun(run(`r${written++}`, Math.max(BEGIN + 1, now - late)));
          else {
            const due = await daemons[daemon ? 1 : 0]!.due(cursor, now);
            announced.push(...due.slots.map(({ slot }) => slot));
            cursor = due.cursor;
          }
        }
        announced.push(...(await slots.due(cursor, now)).slots.map(({ slot }) => slot));
        expect(announced).toHaveLength(written);
        expect(new Set(announced).size).toBe(written);
      }),
    );
  });

  test("reads more successes than a page holds", async () => {
    const { store, slots } = setUp();
    const start = await slots.start(BEGIN);
    for (let i = 0; i < 2_001; i++) await store.createRun(run(`r${i}`, BEGIN + i));
    expect((await slots.due(start, BEGIN + 5_000)).slots).toHaveLength(2_001);
  });

  test("looks every ten seconds, also after the clock was set back, and at once when a run has succeeded here", async () => {
    const { bell, slots } = setUp();
    await slots.due(await slots.start(BEGIN), BEGIN);
    expect(slots.next("", BEGIN + 3_000)).toBe(BEGIN + 10_000);
    expect(slots.next("", BEGIN - 3_600_000)).toBe(BEGIN - 3_590_000);
    let rung = 0;
    const woken = slots.wake(() => rung++);
    bell.ring("second");
    bell.ring("first");
    woken[Symbol.dispose]();
    bell.ring("first");
    expect(rung).toBe(1);
  });

  test("says so when its cursor is none", async () => {
    await expect(setUp().slots.due("nonsense", BEGIN)).rejects.toMatchObject({ code: "STATE_CORRUPT" });
  });
});
