import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RejectStore } from "../../../src/core/ports/reject-store.ts";
import type { RunRow } from "../../../src/core/ports/state-store.ts";
import type { Reject } from "../../../src/core/reject.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { MemorySource } from "../../support/memory-source.ts";
import { MemoryWorld } from "../../support/memory-run.ts";
import { TRANSFORMS } from "../../support/run-chunk.ts";
import { ScriptedTable, type TableOptions } from "../../support/scripted-sink.ts";

const lines = (...ids: number[]) => ids.map((id) => `{"id":"${id}","name":"n${id}"}\n`);
const csv = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1},n${index + 1}\n`).join("");
const fields = ["id", "name"];

function worldOf(text = csv(3), table: TableOptions = {}): MemoryWorld {
  return new MemoryWorld(new MemorySource({ "a.csv": text }, { fields, piece: 1000 }), new ScriptedTable(table));
}

async function rowOf({ state }: MemoryWorld, { run }: RunSummary): Promise<RunRow> {
  return (await state.findRun(run)) ?? expect.unreachable();
}

/** Nothing is left open or lent. */
function expectClean({ buffers, budget, table, source, pools, clock }: MemoryWorld): void {
  expect({ lent: buffers.stats.inUse, reserved: budget.used, waiting: budget.waiting }).toEqual({
    lent: 0,
    reserved: 0,
    waiting: 0,
  });
  expect({ writers: table.working, units: table.sink.openUnits, readers: source.reading, pools }).toEqual({
    writers: 0,
    units: 0,
    readers: 0,
    pools: 0,
  });
  expect(clock.pendingTimers).toBe(0);
}

describe("runBound()", () => {
  test("does not go on with a run that read another source, before it reads anything new for it", async () => {
    const world = worldOf();
    world.table.sink.plan("commit", null, new MillraceError("SINK_FAILED", "the disk is full"));
    const small = { chunk: { records: 1 }, commit: { bytes: 1 } };
    const first = await world.run({ job: small });
    expect(first.state).toBe("failed");
    const own = world.source;
    const log = world.table.sink.log.length;
    world.source = new MemorySource({ "Z.csv": csv(2), "a.csv": "7,other\n" }, { fields, piece: 1000 });
    await expect(world.run()).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      message: expect.stringMatching(
        /^run \S+ read another source: nothing of what it began with \(a\.csv\) is here as it was/,
      ),
    });
    expect(world.table.sink.log.slice(log)).toEqual([]);
    expect(world.source.reading).toBe(0);
    world.source = own;
    expect(await world.run()).toMatchObject({ run: first.run, state: "succeeded", read: 3, balanced: true });
  });

  test("runs to the end, sums up and keeps the summary with the run", async () => {
    const world = worldOf();
    const summary = await world.run();
    expect(world.table.sink.rows).toEqual(lines(1, 2, 3));
    expect(summary).toMatchObject({
      job: "orders",
      state: "succeeded",
      read: 3,
      written: 3,
      rejected: 0,
      emitted: 3,
      balanced: true,
      resumed: false,
      restarts: 0,
      bytesRead: 15,
      error: null,
      sinks: { sink: { read: 3, written: 3 } },
    });
    expect(world.table.sink.log.at(-1)).toBe("finish");
    const row = await rowOf(world, summary);
    expect(row).toMatchObject({ state: "succeeded", slot: null, params: "[]", trigger: "manual", scope: row.id });
    expect(row.endedAt).not.toBeNull();
    expect(JSON.parse(row.summary ?? "")).toEqual(summary);
    expectClean(world);
  });

  test("tells its story from the start to the end", async () => {
    const world = worldOf();
    const { run } = await world.run();
    expect(new Set(world.events.map((event) => `${event.job} ${event.run}`))).toEqual(new Set([`orders ${run}`]));
    expect(world.events[0]).toMatchObject({
      kind: "run-started",
      source: "memory",
      sinks: { sink: "table orders" },
      transform: null,
      totalBytes: 15,
      splits: 1,
      threads: 2,
      trigger: "manual",
      slot: null,
      resumed: null,
    });
    expect(world.events.at(-1)).toMatchObject({
      kind: "run-ended",
      state: "succeeded",
      counts: { read: 3, bytes: 69 },
      message: null,
    });
    const kinds = new Set(world.events.map(({ kind }) => kind));
    for (const kind of [
      "sink-opened",
      "split-started",
      "split-ended",
      "chunk-cut",
      "chunk-done",
      "unit-committed",
      "sampled",
    ] as const) {
      expect(kinds).toContain(kind);
    }
  });

  test("keeps positions in the state store where the sink has none, and rejects with them", async () => {
    const world = worldOf("1,a\nx\n3,c\n", { positions: "state" });
    const summary = await world.run();
    expect(summary).toMatchObject({
      state: "succeeded",
      read: 3,
      written: 2,
      rejected: 1,
      rejects: [{ code: "CSV_FIELD_COUNT", count: 1 }],
    });
    const key = { job: "orders", scope: summary.run, sink: "sink" };
    expect(await world.state.progress(key)).toMatchObject([
      { split: "a.csv", position: { ordinal: 3n, token: "10", line: 4 }, counts: { written: 2 } },
    ]);
    expect(await world.state.listRejects({ job: "orders", limit: 10 })).toMatchObject([
      { code: "CSV_FIELD_COUNT", raw: "x", line: 2 },
    ]);
    expect(world.table.sink.rejects).toEqual([]);
  });

  test("keeps a copy of positions that live with the data", async () => {
    const world = worldOf("1,a\nx\n");
    const { run } = await world.run();
    expect(world.table.sink.rejects).toHaveLength(1);
    expect(await world.state.progress({ job: "orders", scope: run, sink: "sink" })).toMatchObject([
      { position: { ordinal: 2n }, fingerprint: "begins 1,a" },
    ]);
  });

  test("runs a transform in its threads", async () => {
    const world = worldOf();
    const summary = await world.run({ job: { transform: { module: TRANSFORMS, export: "evenOnly" } } });
    expect(world.table.sink.rows).toEqual(lines(2));
    expect(summary).toMatchObject({ read: 3, written: 1, filtered: 2 });
  });

  test("begins a new run when the last one has succeeded", async () => {
    const world = worldOf();
    const [first, second] = [await world.run(), await world.run()];
    expect(second.run).not.toBe(first.run);
    expect(world.table.sink.rows).toEqual(lines(1, 2, 3, 1, 2, 3));
  });

  test("reads splits side by side with order none, and all of them", async () => {
    const texts = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`${index}.csv`, csv(20)]));
    const world = new MemoryWorld(new MemorySource(texts, { fields, piece: 1000 }), new ScriptedTable());
    const summary = await world.run({ job: { order: "none" } });
    expect(summary).toMatchObject({ state: "succeeded", read: 140, written: 140 });
    expect(world.told("split-ended")).toHaveLength(7);
    expectClean(world);
  });
});

describe("runBound() with output columns to be found", () => {
  const csvTable: TableOptions = { encode: { format: "csv", needsColumns: true } };

  test("finds them once and keeps them with the run, before a row is written", async () => {
    const world = worldOf(csv(40), csvTable);
    const summary = await world.run({ job: { chunk: { records: 4 } } });
    expect(world.table.sink.rows).toHaveLength(40);
    expect((await rowOf(world, summary)).columns).toEqual({ sink: ["id", "name"] });
  });

  test("ends the run where the sink has no such column, with a hint", async () => {
    const world = worldOf(csv(2), { ...csvTable, known: ["id", "nome"] });
    await expect(world.run()).rejects.toMatchObject({
      code: "COLUMN_UNKNOWN",
      message:
        'table orders has no column "name"; it has id, nome (nearest: nome). ' +
        "Name the columns to write in sink.columns, or let the transform leave the others out",
    });
    expect(world.table.sink.rows).toEqual([]);
    const [row] = await world.state.listRuns({ job: "orders", limit: 1 });
    expect([row?.state, row?.columns]).toEqual(["failed", null]);
    expectClean(world);
  });

  test("uses on a resume what was found before", async () => {
    const world = worldOf(csv(8), csvTable);
    const module = { module: TRANSFORMS, export: "wider" };
    world.table.sink.plan("commit", null, new MillraceError("SINK_FAILED", "the disk is full"));
    const job = { transform: module, chunk: { records: 1 }, commit: { bytes: 1 } };
    const first = await world.run({ job });
    expect([first.state, first.written]).toEqual(["failed", 1]);
    const second = await world.run({ job });
    expect(second).toMatchObject({ run: first.run, state: "succeeded", written: 1, rejected: 7 });
    expect(world.table.sink.rejects[0]).toMatchObject({ code: "FIELD_UNKNOWN" });
  });
});

describe("runBound() that ends early", () => {
  const fatal = new MillraceError("SINK_FAILED", "the disk is full");
  const small = { chunk: { records: 1 }, commit: { bytes: 1 } } as const;

  test("says why it failed, keeps what is committed, and is resumed by the next start", async () => {
    const world = worldOf();
    world.table.sink.plan("commit", null, fatal);
    const failed = await world.run({ job: small });
    expect(failed).toMatchObject({
      state: "failed",
      written: 1,
      error: { code: "SINK_FAILED", message: "the disk is full" },
    });
    expectClean(world);
    const resumed = await world.run({ job: small });
    expect(resumed).toMatchObject({ run: failed.run, state: "succeeded", resumed: true, read: 3, written: 3 });
    expect(world.table.sink.rows).toEqual(lines(1, 2, 3));
    expect(world.source.opened).toEqual(["a.csv at 0", "a.csv at 5"]);
    const resumedAt = world.told("run-started")[1]?.resumed;
    expect(resumedAt).toEqual({ split: "a.csv", token: "5", read: 1, bytes: 5 });
    expect(world.table.sessions.map(({ resumed: again, scope }) => [again, scope])).toEqual([
      [false, failed.run],
      [true, failed.run],
    ]);
    expectClean(world);
  });

  test("opens a resumed split as the run first saw it", async () => {
    const world = worldOf();
    world.table.sink.plan("commit", null, fatal);
    await world.run({ job: small });
    world.source = new MemorySource({ "a.csv": `9${csv(3).slice(1)}` }, { fields });
    expect(await world.run({ job: small })).toMatchObject({ state: "failed", error: { code: "SOURCE_CHANGED" } });
  });

  test("does not resume when a split of the run is gone", async () => {
    const world = worldOf();
    world.source = new MemorySource({ "a.csv": csv(3), "b.csv": csv(3) }, { fields });
    world.table.sink.plan("commit", null, fatal);
    await world.run({ job: small });
    world.source = new MemorySource({ "b.csv": csv(3) }, { fields });
    expect(await world.run({ job: small })).toMatchObject({
      state: "failed",
      error: {
        code: "SOURCE_CHANGED",
        message:
          "a.csv belongs to the unfinished run and is no longer there; put it back, or begin anew with --restart",
      },
    });
  });

  test("drains on a graceful stop: what is under way is committed, and nothing more is read", async () => {
    const world = worldOf(csv(1000));
    const stop = new AbortController();
    world.source.beforeRead = async (_split, offset) => {
      if (offset > 0) stop.abort();
    };
    const summary = await world.run({ graceful: stop.signal, job: { chunk: { size: 1024 } } });
    expect(summary).toMatchObject({ state: "interrupted", error: null });
    expect(summary.read).toBeGreaterThan(0);
    expect(summary.read).toBeLessThan(1000);
    expect(world.table.sink.rows).toHaveLength(summary.read);
    expect((await rowOf(world, summary)).state).toBe("interrupted");
    expect(world.table.sink.log).not.toContain("finish");
    expectClean(world);
    expect(await world.run()).toMatchObject({ run: summary.run, state: "succeeded", read: 1000, written: 1000 });
    expect(world.table.sink.rows).toHaveLength(1000);
  });

  test("has succeeded when the stop comes after the last record", async () => {
    const world = worldOf();
    const stop = new AbortController();
    world.table.sink.gates.set("commit", async () => stop.abort());
    expect(await world.run({ graceful: stop.signal })).toMatchObject({ state: "succeeded", written: 3 });
  });

  test("stops at once when it is killed, and loses nothing that was committed", async () => {
    const world = worldOf();
    const kill = new AbortController();
    const gate = Promise.withResolvers<void>();
    world.table.sink.gates.set("commit", () => gate.promise);
    const running = world.start({ kill: kill.signal, job: small });
    await world.clock.advance(1000);
    kill.abort();
    await world.clock.advance(100);
    gate.resolve();
    expect(await world.finish(running)).toMatchObject({ state: "interrupted", error: null });
    expect(world.pools).toBe(0);
    expect(await world.run({ job: small })).toMatchObject({ state: "succeeded", read: 3, written: 3 });
    expect(world.table.sink.rows).toEqual(lines(1, 2, 3));
  });

  test("closes everything when it is killed while its sink is being opened", async () => {
    const world = worldOf();
    const kill = new AbortController();
    world.table.beforeOpen = async () => kill.abort();
    expect(await world.run({ kill: kill.signal })).toMatchObject({ state: "interrupted", read: 0 });
    expectClean(world);
  });

  test("is interrupted before it begins when the stop was there first", async () => {
    const world = worldOf();
    expect(await world.run({ graceful: AbortSignal.abort() })).toMatchObject({ state: "interrupted", read: 0 });
    expectClean(world);
  });

  test("fails when its lease is lost, and leaves the run's row to whoever has it", async () => {
    const world = worldOf(csv(100));
    const kill = new AbortController();
    world.beforeTask = async () =>
      kill.abort(new MillraceError("FENCED", "orders was taken over by process 7 on another"));
    const summary = await world.run({ kill: kill.signal });
    expect(summary).toMatchObject({ state: "failed", error: { code: "FENCED" } });
    expect((await rowOf(world, summary)).state).toBe("running");
  });

  test("throws what somebody has to change before it can run at all", async () => {
    const world = worldOf();
    const missing = { module: "/jobs/nowhere.ts", export: "default" };
    await expect(world.run({ job: { transform: missing } })).rejects.toMatchObject({ code: "TRANSFORM_UNLOADABLE" });
    expectClean(world);
  });
});

describe("runBound() where actors die", () => {
  test("starts all of them again from the durable position after a fault that may pass", async () => {
    const world = worldOf();
    let mistakes = 2;
    world.source.beforeRead = async () => {
      if (mistakes-- > 0) throw new TypeError("a passing mistake");
    };
    const summary = await world.run();
    expect(summary).toMatchObject({ state: "succeeded", restarts: 2, read: 3, written: 3 });
    expect(world.told("restarting").map(({ actor, code, message }) => [actor, code, message])).toEqual([
      ["reader", "INVARIANT", "a passing mistake"],
      ["reader", "INVARIANT", "a passing mistake"],
    ]);
    expect(world.table.sink.log.filter((call) => call === "claim")).toHaveLength(3);
    expect(world.told("sink-opened")).toHaveLength(3);
    expect(world.told("run-started")).toHaveLength(1);
    expectClean(world);
  });

  test("counts every record once although some were read twice", async () => {
    const world = worldOf(csv(20));
    world.beforeTask = async (task) => {
      if (task === 7) throw new TypeError("a passing mistake");
    };
    const summary = await world.run({ job: { chunk: { records: 1 }, commit: { bytes: 1 } } });
    expect(summary).toMatchObject({ state: "succeeded", restarts: 1, read: 20, written: 20, balanced: true });
    expect(world.table.sink.rows).toHaveLength(20);
  });

  test("gives up after too many restarts and says what it was all about", async () => {
    const world = worldOf();
    world.source.beforeRead = () => Promise.reject(new TypeError("a lasting mistake"));
    const summary = await world.run();
    expect(summary).toMatchObject({
      state: "failed",
      restarts: 5,
      error: {
        code: "RESTARTS_EXHAUSTED",
        message: expect.stringMatching(/the last one of reader: a lasting mistake \(INVARIANT\)$/),
      },
    });
    expectClean(world);
  });

  test("does not wait for actors that can do nothing any more", async () => {
    const world = worldOf(csv(5000));
    const gate = Promise.withResolvers<void>();
    world.table.sink.gates.set("begin", () => gate.promise);
    world.table.sink.plan("commit", new MillraceError("SINK_REFUSED", "no such table"));
    const running = world.start({ job: { chunk: { size: 1024 }, commit: { bytes: 1 } } });
    await world.clock.advance(500);
    const begun = world.clock.monotonic();
    gate.resolve();
    const summary = await world.finish(running);
    expect(summary).toMatchObject({ state: "failed", error: { code: "SINK_REFUSED" } });
    expect(world.clock.monotonic() - begun).toBeLessThan(5000);
  });

  test("publishes again when publishing failed for a moment", async () => {
    const world = worldOf();
    world.table.sink.plan("finish", new MillraceError("SINK_UNAVAILABLE", "away"));
    expect(await world.run()).toMatchObject({ state: "succeeded", written: 3 });
    expect(world.table.sink.rows).toEqual(lines(1, 2, 3));
    expect(world.table.sink.log.filter((call) => call === "finish")).toHaveLength(2);
  });

  test("waits for a sink that is away when the run begins, and gives up in the end", async () => {
    const world = worldOf();
    let failures = 2;
    world.table.beforeOpen = async () => {
      if (failures-- > 0) throw new MillraceError("SINK_UNAVAILABLE", "away");
    };
    expect(await world.run()).toMatchObject({ state: "succeeded", retries: 2 });
    failures = 1000;
    expect(await world.run()).toMatchObject({ state: "failed", error: { code: "RETRIES_EXHAUSTED" } });
    expectClean(world);
  });
});

describe("runBound() and rejects", () => {
  const strict = { errors: { maxRejects: 1 } };

  test("ends as rejected when a limit is passed, and goes on only if it is raised or waived", async () => {
    const world = worldOf("1,a\nx\ny\n4,d\n");
    const job = { ...strict, chunk: { records: 3 }, commit: { bytes: 1 } };
    const first = await world.run({ job });
    expect(first).toMatchObject({ state: "rejected", read: 3, rejected: 2, error: { code: "REJECT_LIMIT" } });
    await expect(world.run({ job })).rejects.toMatchObject({
      code: "REJECT_LIMIT",
      message: `run ${first.run} ended because 2 of 3 records were rejected; errors.maxRejects is 1. Raise the limit, or go on with --accept-rejects, or begin anew with --restart`,
    });
    expect((await rowOf(world, first)).state).toBe("rejected");
    expect(await world.run({ job, wish: { acceptRejects: true } })).toMatchObject({
      run: first.run,
      state: "succeeded",
      read: 4,
      written: 2,
      rejected: 2,
    });
  });

  /** A place for rejects in memory. */
  function rejectStore(publish: () => Promise<void> = async () => {}) {
    const calls: string[] = [];
    const kept: Reject[] = [];
    const store: RejectStore = {
      append: async (rejects) => void kept.push(...rejects),
      resume: async ({ before, inOrder }) => void calls.push(`resume ${before("a.csv", undefined)} ${inOrder}`),
      publish: () => {
        calls.push("publish");
        return publish();
      },
      [Symbol.asyncDispose]: async () => void calls.push("dispose"),
    };
    return { calls, kept, store };
  }

  test("publishes them at every end, also a failed one", async () => {
    const world = worldOf("x\n1,a\n");
    const { calls, kept, store } = rejectStore();
    world.table.sink.plan("commit", new MillraceError("SINK_FAILED", "the disk is full"));
    expect((await world.run({ rejects: store })).state).toBe("failed");
    expect([calls, kept.length]).toEqual([["resume 0 true", "publish", "dispose"], 1]);
    expect((await world.run({ rejects: rejectStore().store })).state).toBe("succeeded");
    expect(world.table.sink.rejects).toEqual([]);
  });

  test("fails when they cannot be published, unless it has failed already", async () => {
    const full = new MillraceError("SINK_FAILED", "no space for the rejects");
    const { store } = rejectStore(() => Promise.reject(full));
    const world = worldOf("x\n1,a\n");
    const summary = await world.run({ rejects: store });
    expect(summary).toMatchObject({ state: "failed", written: 1, error: { message: "no space for the rejects" } });
    expect((await rowOf(world, summary)).state).toBe("failed");
    world.table.sink.plan("finish", new MillraceError("SINK_REFUSED", "no"));
    expect(await world.run({ rejects: store })).toMatchObject({ error: { code: "SINK_REFUSED" } });
  });
});

describe("runBound() with a restart", () => {
  const unfinished = async (table: TableOptions = {}) => {
    const world = worldOf(csv(3), table);
    world.table.sink.plan("commit", null, new MillraceError("SINK_FAILED", "the disk is full"));
    const first = await world.run({ job: { chunk: { records: 1 }, commit: { bytes: 1 } } });
    return { world, first };
  };

  test.each(["sink", "state"] as const)(
    "is refused while rows of the unfinished run are there (positions in the %s)",
    async (positions) => {
      const { world, first } = await unfinished({ positions });
      await expect(world.run({ wish: { restart: true } })).rejects.toMatchObject({
        code: "RESTART_REFUSED",
        message: expect.stringContaining(`table orders already holds 1 records of the unfinished run ${first.run}`),
      });
      expect((await world.state.listRuns({ limit: 10 })).map(({ id, state }) => [id, state])).toEqual([
        [first.run, "failed"],
      ]);
      expect(world.table.abandoned).toEqual([]);
    },
  );

  test("begins anew with keepWritten, and gives the unfinished run up", async () => {
    const { world, first } = await unfinished();
    const second = await world.run({ wish: { restart: true, keepWritten: true } });
    expect(second).toMatchObject({ state: "succeeded", resumed: false, read: 3, written: 3 });
    expect(second.run).not.toBe(first.run);
    expect(world.table.sink.rows).toEqual(lines(1, 1, 2, 3));
    expect(world.table.abandoned).toEqual([first.run]);
    expect(await world.run()).toMatchObject({ resumed: false });
  });

  test("begins anew by itself where the sink cannot go on in the middle", async () => {
    const { world, first } = await unfinished({ positions: "state", resume: "restart" });
    const second = await world.run();
    expect(second).toMatchObject({ run: first.run, resumed: true, state: "succeeded", read: 3, written: 3 });
    expect(world.source.opened.at(-1)).toBe("a.csv at 0");
    expect(world.table.sessions.at(-1)?.resumed).toBe(false);
  });
});
