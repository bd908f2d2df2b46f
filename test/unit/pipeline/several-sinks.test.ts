import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { MemoryWorld } from "../../support/memory-run.ts";
import { MemorySource } from "../../support/memory-source.ts";
import { ScriptedTable, type TableOptions } from "../../support/scripted-sink.ts";

const csv = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1},n${index + 1}\n`).join("");
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `{"id":"${from + index}","name":"n${from + index}"}\n`);
const away = new MillraceError("SINK_UNAVAILABLE", "the server is away");
const full = new MillraceError("SINK_FAILED", "the disk is full");
/** A chunk and a unit a record. */
const small = { chunk: { records: 1 }, commit: { bytes: 1 } };

/** A job into `sink` and `archive`. */
function worldOf(text = csv(4), archive: TableOptions = {}) {
  const table = new ScriptedTable();
  const world = new MemoryWorld(new MemorySource({ "a.csv": text }, { fields: ["id", "name"], piece: 1000 }), table);
  const other = new ScriptedTable({ ...archive, encode: { sink: "archive" } });
  world.others.set("archive", other);
  return { world, sink: table.sink, archive: other };
}

describe("runBound() with several sinks", () => {
  test("writes everything into each, and sums up by the one with the fewest written", async () => {
    const { world, sink, archive } = worldOf(`${csv(2)}x\n3,n3\n`);
    archive.sink.bad.add('{"id":"3","name":"n3"}\n');
    const summary = await world.run();
    expect(sink.rows).toHaveLength(3);
    expect(archive.sink.rows).toHaveLength(2);
    expect(summary).toMatchObject({ state: "succeeded", read: 4, written: 2, rejected: 2, balanced: true });
    expect(summary.sinks).toMatchObject({
      sink: { read: 4, written: 3, rejected: 1 },
      archive: { read: 4, written: 2, rejected: 2 },
    });
    // What no sink in particular refused is in the state store, what one did with its data.
    const common = await world.state.listRejects({ job: "orders", limit: 10 });
    expect(common.map(({ position, sink: name }) => [position.ordinal, name])).toEqual([[2n, undefined]]);
    expect(archive.sink.rejects.map(({ position, sink: name }) => [position.ordinal, name])).toEqual([[3n, "archive"]]);
    expect(sink.rejects).toEqual([]);
  });

  test("goes on in each where it stands: one that is ahead gets only what it lacks", async () => {
    const { world, sink, archive } = worldOf();
    archive.sink.plan("commit", null, full);
    const held = Promise.withResolvers<void>();
    archive.sink.gates.set("commit", () => held.promise);
    const running = world.start({ job: small });
    await world.clock.advance(1000);
    expect(sink.rows).toEqual(lines(1, 4));
    held.resolve();
    expect((await world.finish(running)).state).toBe("failed");
    expect(archive.sink.rows).toEqual(lines(1, 1));

    archive.sink.gates.clear();
    const opened = world.source.opened.length;
    const before = sink.log.length;
    const summary = await world.run({ job: { chunk: { records: 3 } } });
    expect(summary).toMatchObject({ state: "succeeded", resumed: true, read: 4, written: 4, balanced: true });
    expect(world.source.opened.slice(opened)).toEqual(["a.csv at 5"]);
    expect(sink.log.slice(before)).not.toContain("fast");
    expect([sink.rows, archive.sink.rows]).toEqual([lines(1, 4), lines(1, 4)]);
  });

  test("drains what it can when it is asked to stop, and leaves a sink that hangs after half a minute", async () => {
    const { world, sink, archive } = worldOf(csv(40));
    archive.sink.gates.set("commit", () => new Promise(() => {}));
    const graceful = new AbortController();
    const running = world.start({ job: small, graceful: graceful.signal });
    await world.clock.advance(100);
    graceful.abort("SIGTERM");
    await world.clock.advance(29_000);
    expect(world.told("run-ended")).toEqual([]);
    expect((await world.finish(running)).state).toBe("interrupted");
    expect(world.told("draining").map(({ reason }) => reason)).toEqual([
      "SIGTERM",
      "not done within 30 s: stopped at once, and what is not committed is left for the next run",
    ]);
    expect(archive.sink.rows).toEqual([]);
    const drained = sink.rows.length;

    archive.sink.gates.clear();
    expect(await world.run({ job: small })).toMatchObject({ state: "succeeded", resumed: true, balanced: true });
    expect([sink.rows, archive.sink.rows]).toEqual([lines(1, 40), lines(1, 40)]);
    expect(drained).toBeGreaterThan(0);
  });

  test("begins a sink that was added later at the first record", async () => {
    const { world, sink, archive } = worldOf();
    world.others.clear();
    sink.plan("commit", null, null, full);
    expect((await world.run({ job: small })).state).toBe("failed");
    world.others.set("archive", archive);
    expect((await world.run({ job: small })).state).toBe("succeeded");
    expect([sink.rows, archive.sink.rows]).toEqual([lines(1, 4), lines(1, 4)]);
  });

  test("begins a sink anew that cannot go on, beside one that does", async () => {
    const { world, sink, archive } = worldOf(`x\n${csv(4)}`, { positions: "state", resume: "restart" });
    sink.plan("commit", null, null, full);
    const first = await world.run({ job: small });
    expect(first.state).toBe("failed");
    archive.sink.rows.length = 0;
    const summary = await world.run({ job: small });
    expect(summary).toMatchObject({ state: "succeeded", written: 4, rejected: 1, balanced: true });
    expect([sink.rows, archive.sink.rows]).toEqual([lines(1, 4), lines(1, 4)]);
    expect(await world.state.listRejects({ job: "orders", limit: 10 })).toHaveLength(1);
  });

  test("holds each sink to the limits by its own ledger", async () => {
    const { world, archive } = worldOf();
    for (const row of lines(1, 3)) archive.sink.bad.add(row);
    const summary = await world.run({ job: { ...small, errors: { maxRejects: 1 } } });
    expect(summary).toMatchObject({ state: "rejected", read: 2, written: 0, rejected: 2 });
    expect(summary.error?.message).toContain("2 of 2 records were rejected; errors.maxRejects is 1");
  });
});

describe("runBound() with a sink that is down", () => {
  /** The archive cannot be reached for so long. */
  function downFor(ms: number) {
    const parts = worldOf(csv(30));
    const until = parts.world.clock.monotonic() + ms;
    parts.archive.sink.gates.set("begin", async () => {
      if (parts.world.clock.monotonic() < until) throw away;
    });
    return parts;
  }

  test("lets the others go on, and itself catches up", async () => {
    const { world, sink, archive } = downFor(5_000);
    const running = world.start({ job: small });
    await world.clock.advance(2_000);
    expect(sink.rows).toEqual(lines(1, 30));
    expect(archive.sink.rows).toEqual([]);
    expect(await world.finish(running)).toMatchObject({ state: "succeeded", written: 30, balanced: true });
    expect(archive.sink.rows).toEqual(lines(1, 30));
    expect(world.told("retrying")[0]).toMatchObject({ stage: "sink", sink: "archive", code: "SINK_UNAVAILABLE" });
  });

  test("costs the others no more than the memory budget", async () => {
    const { world, sink } = downFor(5_000);
    const limited = world.budget.account("somebody else").tryReserve(world.budget.limitBytes - 200_000);
    const running = world.start({ job: { chunk: { size: "1KiB" }, commit: { bytes: 1 } } });
    await world.clock.advance(2_000);
    expect(sink.rows.length).toBeGreaterThan(0);
    expect(world.budget.used).toBeLessThanOrEqual(world.budget.limitBytes);
    expect((await world.finish(running)).state).toBe("succeeded");
    limited?.release();
  });

  /** The sink commits a record every four seconds, so that the run moves although the archive is down. */
  function slowSink({ world, sink }: ReturnType<typeof downFor>): void {
    sink.gates.set("commit", () => new Promise((resolve) => world.clock.timer(4_000, resolve)));
  }

  test("counts an outage only from when the others came to a stand (onSinkDown: wait)", async () => {
    const parts = downFor(1_000_000);
    slowSink(parts);
    const summary = await parts.world.run({ job: { ...small, retry: { for: "10s", maxDelay: "2s", jitter: "none" } } });
    expect(summary).toMatchObject({ state: "failed", error: { code: "RETRIES_EXHAUSTED" } });
    expect(parts.sink.rows).toEqual(lines(1, 30));
  });

  test("ends the run after the retry policy whatever the others do (onSinkDown: fail)", async () => {
    const parts = downFor(1_000_000);
    slowSink(parts);
    const retry = { for: "10s", maxDelay: "2s", jitter: "none" } as const;
    const summary = await parts.world.run({ job: { ...small, retry, onSinkDown: "fail" } });
    expect(summary).toMatchObject({ state: "failed", error: { code: "RETRIES_EXHAUSTED" } });
    expect(parts.sink.rows.length).toBeLessThan(6);
  });
});
