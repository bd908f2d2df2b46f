import { describe, expect, test } from "vitest";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { MemoryWorld } from "../../support/memory-run.ts";
import { ScriptedTable } from "../../support/scripted-sink.ts";
import { Member, Topic } from "../../support/topic.ts";

const figures = ({ state, read, written, balanced }: RunSummary) => ({ state, read, written, balanced });
const RECORDS = 60;
const rows = (...ids: readonly number[]): string[] => ids.map((id) => `{"id":${id}}\n`);
const values = (...ids: readonly number[]): string[] => ids.map((id) => `{"id":${id}}`);

/** A world whose job consumes a topic of two partitions. */
function consumer(topic = new Topic(["a", "b"]), ends = false, job: Partial<JobConfig> = {}) {
  const world = new MemoryWorld(new Member(topic, { ends }), new ScriptedTable());
  const { sink } = world.table;
  const stop = new AbortController();
  const running = world.start({
    job: { source: { type: "file", path: "topic.jsonl" }, commit: { interval: "100ms" }, ...job },
    own: "run-1",
    graceful: stop.signal,
  });
  running.catch(() => {});
  const until = async (condition: () => boolean): Promise<void> => {
    for (let steps = 0; !condition(); steps++) {
      if (steps > 500) throw new Error(`not reached: ${JSON.stringify([sink.rows, sink.log])}`);
      await new Promise((resolve) => setImmediate(resolve));
      await world.clock.advance(50);
    }
  };
  const end = async (): Promise<RunSummary> => {
    stop.abort("test");
    return world.finish(running);
  };
  return { world, sink, topic, member: world.source, running, until, end };
}

describe("A run of a live source", () => {
  test("reads its share as it grows, tells the source what is durable, and ends when it is stopped", async () => {
    const { sink, topic, member, until, end } = consumer();
    topic.produce("a", ...values(1, 2));
    member.assign("a", "b");
    await until(() => sink.rows.length === 2);
    topic.produce("b", ...values(3));
    topic.produce("a", ...values(4));
    await until(() => sink.rows.length === 4);
    expect(figures(await end())).toEqual({ state: "interrupted", read: 4, written: 4, balanced: true });
    expect(sink.rows.toSorted()).toEqual(rows(1, 2, 3, 4));
    expect(member.told.toSorted()).toEqual(["a 2", "a 3", "b 1"]);
  });

  test("begins before it has a share: it may wait long for one", async () => {
    const { world, until, end } = consumer();
    await until(() => world.told("run-started").length === 1);
    expect(world.told("share-taken")).toEqual([]);
    expect(figures(await end())).toEqual({ state: "interrupted", read: 0, written: 0, balanced: true });
    expect(world.told("run-started")).toMatchObject([{ splits: 0, totalBytes: null }]);
  });

  test("goes on in the next share where the splits stand, and counts only what it did itself", async () => {
    const { world, sink, topic, member, until, end } = consumer();
    topic.produce("a", ...values(1, 2));
    topic.produce("b", ...values(3));
    member.assign("a");
    await until(() => sink.rows.length === 2);
    member.assign("a", "b");
    await until(() => sink.rows.length === 3);
    topic.produce("a", ...values(4));
    await until(() => sink.rows.length === 4);
    expect(member.opened).toEqual(["a at 0", "a at 2", "b at 0"]);
    expect(figures(await end())).toEqual({ state: "interrupted", read: 4, written: 4, balanced: true });
    expect(world.told("share-taken").map(({ splits }) => splits)).toEqual([["a"], ["a", "b"]]);
    expect([world.pools, world.table.working, world.budget.used]).toEqual([0, 0, 0]);
  });

  test("tells its lag every ten seconds and at its end", async () => {
    const { world, sink, topic, member, until, end } = consumer();
    topic.produce("a", ...values(1, 2));
    member.assign("a", "b");
    await until(() => sink.rows.length === 2);
    sink.gates.set("commit", () => new Promise(() => {}));
    topic.produce("b", ...values(3));
    await until(() => world.told("lagging").length > 0);
    expect(world.told("lagging").map(({ records }) => records)).toEqual([{ a: 0, b: 1 }]);
    sink.gates.clear();
    expect((await end()).lag).toBe(1);
  });

  test("reads no further ahead of a table that stands still because little of each record is written", async () => {
    const { world, sink, topic, member, until, end } = consumer(new Topic(["a"]), false, {
      select: ["id"],
      chunk: { size: "16KiB" },
    });
    const standing = Promise.withResolvers<void>();
    sink.gates.set("write", () => standing.promise);
    let tasks = 0;
    world.beforeTask = async (task) => void (tasks = task);
    member.assign("a");
    for (let id = 0; id < RECORDS; id++) {
      topic.produce("a", `{"id":${id},"pad":"${"x".repeat(16_000)}"}`);
      for (let steps = 0; steps < 5; steps++) await world.clock.advance(1);
    }
    expect(tasks).toBeLessThan(RECORDS / 3);
    sink.gates.clear();
    standing.resolve();
    await until(() => sink.rows.length === RECORDS);
    expect(figures(await end())).toMatchObject({ read: RECORDS, written: RECORDS, balanced: true });
  });

  test("drops what is under way when the share is taken back", async () => {
    const { sink, topic, member, until, end } = consumer();
    const held = Promise.withResolvers<void>();
    sink.gates.set("write", () => held.promise);
    topic.produce("a", ...values(1, 2));
    member.assign("a");
    await until(() => sink.log.includes("write 2"));
    sink.gates.clear();
    member.assign("b");
    topic.produce("b", ...values(3));
    held.resolve();
    await until(() => sink.rows.length === 1);
    expect(sink.rows).toEqual(rows(3));
    expect(figures(await end())).toEqual({ state: "interrupted", read: 1, written: 1, balanced: true });
  });

  test("claims nothing before its share is confirmed: a process that slept does not take it from its new owner", async () => {
    const { sink, topic, member, until, end } = consumer();
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    member.beforeConfirm = async () => {
      asked.resolve();
      await answered.promise;
    };
    topic.produce("a", ...values(1));
    member.assign("a");
    await until(() => sink.log.length === 0);
    await asked.promise;
    member.revoke();
    answered.resolve();
    await end();
    expect(sink.log).toEqual([]);
  });

  test("asks again when it was fenced, and goes on with what is still its own", async () => {
    const { sink, topic, member, until, end } = consumer();
    topic.produce("a", ...values(1));
    member.assign("a");
    await until(() => sink.rows.length === 1);
    await sink.claim([{ split: "a", origin: { ordinal: 0n, token: "0" } }]);
    topic.produce("a", ...values(2));
    await until(() => sink.rows.length === 2);
    expect(figures(await end())).toEqual({ state: "interrupted", read: 2, written: 2, balanced: true });
    expect(sink.rows).toEqual(rows(1, 2));
  });

  test("succeeds once nothing more will come", async () => {
    const { world, sink, topic, member, running, until } = consumer(new Topic(["a"]), true);
    topic.produce("a", ...values(1, 2));
    member.assign("a");
    await until(() => sink.rows.length === 2);
    member.end();
    expect(figures(await world.finish(running))).toEqual({ state: "succeeded", read: 2, written: 2, balanced: true });
    expect(sink.log.at(-1)).toBe("finish");
  });

  test("is a run of its own beside those of other processes, and cannot be resumed or begun anew by its name", async () => {
    const world = new MemoryWorld(new Member(new Topic([])), new ScriptedTable());
    await expect(world.run({ own: "run-1", wish: { resume: "run-0" } })).rejects.toThrow(
      "--resume: orders reads a live source and goes on at the committed positions by itself; leave --resume out",
    );
    await expect(world.run({ own: "run-1", wish: { restart: true } })).rejects.toThrow(
      "--restart: orders reads a live",
    );
    world.source.end();
    expect((await world.run({ own: "run-1" })).state).toBe("succeeded");
    world.source.end();
    expect((await world.run({ own: "run-2" })).run).toBe("run-2");
  });

  test("refuses a sink that begins its output anew with every run", async () => {
    const world = new MemoryWorld(new Member(new Topic(["a"])), new ScriptedTable({ resume: "restart" }));
    world.source.assign("a");
    await expect(world.run({ own: "run-1" })).rejects.toThrow("the source is live and each start goes on where");
  });
});
