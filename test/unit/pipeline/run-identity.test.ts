import { describe, expect, test } from "vitest";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { BoundSink, SeenSplit } from "../../../src/core/ports/sink.ts";
import type { RunRow, RunState } from "../../../src/core/ports/state-store.ts";
import { findLostRuns, type LostRun } from "../../../src/pipeline/lost-runs.ts";
import {
  assertAllowedToGoOn,
  assertRestartable,
  canonicalParams,
  chooseRun,
  type Identity,
  identityKey,
  type StartWish,
} from "../../../src/pipeline/run-identity.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { MemorySource } from "../../support/memory-source.ts";

const time = { clock: new FakeClock(Date.UTC(2026, 0, 2)), random: () => 0.5 };
const orders: Identity = { job: "orders", slot: null, params: {} };
const plain: StartWish = { restart: false, keepWritten: false, resume: null, acceptRejects: false, trigger: "manual" };

function rowOf(id: string, state: RunState, change: Partial<RunRow> = {}): RunRow {
  return {
    id,
    job: "orders",
    scope: id,
    slot: null,
    params: "[]",
    trigger: "manual",
    state,
    startedAt: "2026-01-01T00:00:00.000Z",
    endedAt: null,
    columns: null,
    fingerprint: null,
    summary: null,
    ...change,
  };
}

async function stateWith(...rows: readonly RunRow[]) {
  const state = openMemoryStore();
  for (const row of rows) await state.createRun(row);
  return state;
}

async function choose(
  rows: readonly RunRow[],
  wish: Partial<StartWish> = {},
  identity = orders,
  lost: readonly LostRun[] = [],
) {
  return chooseRun({ state: await stateWith(...rows), lost }, identity, { ...plain, ...wish }, time);
}

describe("identityKey()", () => {
  test("is the same for the same parameters in any order, and differs with slot and values", () => {
    const key = (slot: string | null, params: Identity["params"]) => identityKey({ job: "orders", slot, params });
    expect(key(null, { a: "1", b: "2" })).toBe(key(null, { b: "2", a: "1" }));
    const keys = [
      key(null, {}),
      key("2026-01-01", {}),
      key(null, { a: "1" }),
      key(null, { a: "2" }),
      key(null, { b: "1" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(canonicalParams({ b: "2", a: "1" })).toBe('[["a","1"],["b","2"]]');
  });
});

describe("chooseRun()", () => {
  test("begins a new run where there is none, and after one that has succeeded", async () => {
    const fresh = await choose([], { trigger: "cron" }, { ...orders, slot: "2026-01-01", params: { a: "1" } });
    expect(fresh).toMatchObject({ resumed: false, isNew: true, replaces: null });
    expect(fresh.row).toEqual(
      rowOf(fresh.row.id, "running", {
        scope: fresh.row.id,
        slot: "2026-01-01",
        params: '[["a","1"]]',
        trigger: "cron",
        startedAt: "2026-01-02T00:00:00.000Z",
      }),
    );
    expect(await choose([rowOf("1", "failed"), rowOf("2", "succeeded")])).toMatchObject({
      isNew: true,
      replaces: null,
    });
  });

  test.each(["running", "failed", "rejected", "interrupted"] as const)(
    "goes on with the newest run that is %s",
    async (state) => {
      const chosen = await choose([rowOf("1", "failed"), rowOf("2", state)]);
      expect(chosen).toMatchObject({ row: { id: "2" }, resumed: true, isNew: false, replaces: null });
    },
  );

  test("leaves runs of another slot, other parameters or another job alone", async () => {
    const others = [
      rowOf("1", "failed", { slot: "2026-01-01" }),
      rowOf("2", "failed", { params: '[["a","1"]]' }),
      rowOf("3", "failed", { job: "other" }),
    ];
    expect(await choose(others)).toMatchObject({ isNew: true, replaces: null });
  });

  test("gives the unfinished run up with restart", async () => {
    expect(await choose([rowOf("1", "failed")], { restart: true })).toMatchObject({
      isNew: true,
      resumed: false,
      replaces: { id: "1" },
    });
    expect(await choose([rowOf("1", "succeeded")], { restart: true })).toMatchObject({ isNew: true, replaces: null });
  });

  test("goes on with the run that is named, though a newer one is unfinished", async () => {
    expect(await choose([rowOf("1", "failed"), rowOf("2", "failed")], { resume: "1" })).toMatchObject({
      row: { id: "1" },
      resumed: true,
    });
  });

  test.each([
    ["nobody knows", "x", /^--resume x: job orders has no such run in memory$/],
    ["is another job's", "3", /has no such run/],
    ["has succeeded", "2", /^--resume 2: that run has succeeded; a new run needs no --resume$/],
  ])("does not resume a run that %s", async (_what, resume, message) => {
    const rows = [rowOf("1", "failed"), rowOf("2", "succeeded"), rowOf("3", "failed", { job: "other" })];
    await expect(choose(rows, { resume })).rejects.toMatchObject({
      code: "RUN_NOT_FOUND",
      message: expect.stringMatching(message),
    });
  });

  test("resumes a run only with its own slot and parameters, and does not tell their values", async () => {
    const row = rowOf("1", "failed", { slot: "2026-01-01", params: '[["token","secret"]]' });
    await expect(choose([row], { resume: "1" })).rejects.toMatchObject({
      code: "USAGE",
      message: "--resume 1: that run was started with --slot 2026-01-01 --param token=...; give the same values",
    });
    await expect(
      choose([rowOf("1", "failed")], { resume: "1" }, { ...orders, slot: "2026-01-01" }),
    ).rejects.toMatchObject({
      message: "--resume 1: that run was started without --slot and --param; give the same values",
    });
    const same = { ...orders, slot: "2026-01-01", params: { token: "secret" } };
    expect(await choose([row], { resume: "1" }, same)).toMatchObject({ row: { id: "1" }, resumed: true });
  });
});

describe("chooseRun() with runs that only a sink remembers", () => {
  const sink = { label: "postgres orders" } as BoundSink;
  const remembered = { run: "lost-1", scope: "scope-1", startedAt: "2026-01-01T00:00:00.000Z", written: 7, sink };
  const lost = [{ ...remembered, isForeign: false }];

  test("begins nothing without a word", async () => {
    await expect(choose([], {}, orders, lost)).rejects.toMatchObject({
      code: "STATE_LOST",
      message: expect.stringMatching(
        /^orders: postgres orders holds 7 records of run lost-1 .* Go on with --resume lost-1, give it up with --restart/,
      ),
    });
  });

  test("goes on with it when it is named, in its own scope", async () => {
    expect(await choose([], { resume: "lost-1" }, orders, lost)).toMatchObject({
      row: { id: "lost-1", scope: "scope-1", state: "running" },
      resumed: true,
      isNew: true,
    });
  });

  test("never goes on with one that read another source", async () => {
    for (const resume of [null, "lost-1"]) {
      await expect(choose([], { resume }, orders, [{ ...remembered, isForeign: true }])).rejects.toMatchObject({
        code: "STATE_LOST",
        message: expect.stringMatching(
          / it read another source than there is here: .* apart with sink\.stateSchema; only if/,
        ),
      });
    }
  });

  test("begins anew with restart", async () => {
    expect(await choose([], { restart: true }, orders, lost)).toMatchObject({ resumed: false, isNew: true });
  });
});

describe("findLostRuns()", () => {
  test("asks the sinks that keep positions for runs that the store does not know", async () => {
    const state = await stateWith(rowOf("known", "running"));
    const run = (id: string) => ({ run: id, scope: id, startedAt: "2026-01-01T00:00:00.000Z", written: 1 });
    const asked: string[] = [];
    const remembering = {
      unfinished: async (job: string) => {
        asked.push(job);
        return [run("known"), run("lost")];
      },
    } as unknown as BoundSink;
    const sinks = new Map([
      ["a", remembering],
      ["b", {} as BoundSink],
    ]);
    const found = await findLostRuns(state, "orders", { source: new MemorySource({}), sinks });
    expect(found).toEqual([{ ...run("lost"), sink: remembering, isForeign: false }]);
    expect(asked).toEqual(["orders"]);
  });

  test("tells by what a run has read whether it is another deployment's", async () => {
    const source = new MemorySource({ "a.csv": "one", "b.csv": "two" });
    const isForeign = async (seen: readonly SeenSplit[], scope = "r") => {
      const run = { run: "r", scope, startedAt: "2026-01-01T00:00:00.000Z", written: 1, seen };
      const sinks = new Map([["a", { unfinished: async () => [run] } as unknown as BoundSink]]);
      const [lost] = await findLostRuns(await stateWith(), "orders", { source, sinks });
      return lost?.isForeign;
    };
    const same = { split: "b.csv", fingerprint: "begins two" };
    const other = { split: "a.csv", fingerprint: "begins ONE" };
    const gone = { split: "c.csv", fingerprint: "begins six" };
    expect(await isForeign([])).toBe(false);
    expect(await isForeign([other, gone, same])).toBe(false);
    expect(await isForeign([other, gone])).toBe(true);
    expect(await isForeign([other, gone], "")).toBe(false);
    expect(source.reading).toBe(0);
  });
});

describe("assertAllowedToGoOn()", () => {
  const limits = { maxRejects: 1, maxRejectRate: 1, minRecords: 0 };
  const counts = { ...NO_COUNTS, read: 10, rejected: 2 };

  test("holds only a run that ended for its rejects to the limits of now", () => {
    expect(() => assertAllowedToGoOn(rowOf("1", "rejected"), counts, limits)).toThrow(
      /^run 1 ended because 2 of 10 records were rejected/,
    );
    expect(() => assertAllowedToGoOn(rowOf("1", "failed"), counts, limits)).not.toThrow();
    expect(() => assertAllowedToGoOn(rowOf("1", "rejected"), counts, null)).not.toThrow();
    expect(() => assertAllowedToGoOn(rowOf("1", "rejected"), counts, { ...limits, maxRejects: 2 })).not.toThrow();
  });
});

describe("assertRestartable()", () => {
  test("refuses to double rows, unless none are there or they are to be kept", () => {
    expect(() => assertRestartable("1", "postgres orders", 7, false)).toThrow(
      "--restart: postgres orders already holds 7 records of the unfinished run 1, and a new run would write them again. " +
        "Run without --restart to go on, or take them out and use --restart --keep-written",
    );
    expect(() => assertRestartable("1", "postgres orders", 0, false)).not.toThrow();
    expect(() => assertRestartable("1", "postgres orders", 7, true)).not.toThrow();
  });
});
