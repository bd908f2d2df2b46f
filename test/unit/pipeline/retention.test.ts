import { describe, expect, test } from "vitest";
import type { Pruned, Retention } from "../../../src/core/ports/retention.ts";
import type { BoundSink } from "../../../src/core/ports/sink.ts";
import type { RunRow, StateStore } from "../../../src/core/ports/state-store.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { applyRetention, type History } from "../../../src/pipeline/retention.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { rejectOf, runOf } from "../../conformance/state-store.conformance.ts";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-22T00:00:00.000Z");
const KEEP = { runsMs: 90 * DAY, rejectsMs: 30 * DAY, rejectBytes: 1024 ** 3 };

/** A job's history, in the state store and perhaps in a sink. */
function history(retention = KEEP, sink: Pick<BoundSink, "prune"> = {}): History {
  return { plan: { job: { name: "orders", retention } }, sinks: new Map([["sink", sink]]) };
}

const ago = (days: number): string => new Date(NOW - days * DAY).toISOString();
const over = (id: string, days: number): RunRow => runOf(id, { state: "succeeded", endedAt: ago(days) });

describe("applyRetention()", () => {
  test("drops runs and rejects that are older than the job keeps them", async () => {
    const state = openMemoryStore();
    for (const row of [over("1", 91), over("2", 89), over("3", 0)]) await state.createRun(row);
    const rejects = [31, 29].map((days) => rejectOf({ run: "2", at: ago(days), split: `${days} days` }));
    await state.addRejects(rejects);
    await applyRetention({ state, clock: new FakeClock(NOW) }, history());
    expect((await state.listRuns({ job: "orders", limit: 9 })).map(({ id }) => id)).toEqual(["3", "2"]);
    expect(await state.listRejects({ job: "orders", limit: 9 })).toMatchObject([{ split: "29 days" }]);
  });

  test("takes any age that a config can hold", async () => {
    const clock = new FakeClock(NOW);
    const asked: Retention[] = [];
    const state = pruning(async (retention) => void asked.push(retention));
    await applyRetention({ state, clock }, history({ ...KEEP, runsMs: Number.MAX_SAFE_INTEGER, rejectsMs: 0 }));
    expect(asked).toMatchObject([{ runsBefore: "1970-01-01T00:00:00.000Z", rejectsBefore: ago(0) }]);
  });

  test.each([
    { runs: 1, rejects: 0 },
    { runs: 0, rejects: 1 },
    { runs: 0, rejects: 0, slots: 1 },
  ])("goes on while something is dropped (%o), but not for ever", async (pruned) => {
    const clock = new FakeClock(NOW);
    let asked = 0;
    const state = pruning(async () => {
      asked++;
      await clock.advance(1_000);
      return pruned;
    });
    await applyRetention({ state, clock }, history());
    expect(asked).toBe(10);
  });

  test("asks sinks as well, which learn from the state store what can be gone on with", async () => {
    const state = openMemoryStore();
    await state.createRun(over("done", 0));
    await state.createRun(runOf("failed", { state: "failed" }));
    const told: boolean[] = [];
    const prune: BoundSink["prune"] = async (_, __, isOver) => {
      for (const run of ["done", "failed", "unknown"]) told.push(await isOver(run));
      return { runs: 0, rejects: 0 };
    };
    await applyRetention({ state, clock: new FakeClock(NOW) }, history(KEEP, { prune }));
    expect(told).toEqual([true, false, true]);
  });

  test("harms no run when the store fails", async () => {
    const state = pruning(() => Promise.reject(new MillraceError("STATE_UNAVAILABLE", "away")));
    await expect(applyRetention({ state, clock: new FakeClock(NOW) }, history())).resolves.toBeUndefined();
  });
});

/** A store in which only pruning is special. */
function pruning(prune: (retention: Retention) => Promise<void | Pruned>): StateStore {
  return {
    ...openMemoryStore(),
    prune: async (_, retention) => (await prune(retention)) ?? { runs: 0, rejects: 0 },
  };
}
