import { describe, expect, test } from "vitest";
import { Lane } from "../../../src/actors/lane.ts";
import type { Processed } from "../../../src/actors/messages.ts";
import { OutputEstimate } from "../../../src/actors/output-estimate.ts";
import {
  ColumnAgreement,
  type ColumnAgreementOptions,
  type SinkColumns,
} from "../../../src/actors/column-agreement.ts";
import { WorkerPool, type WorkerPoolOptions } from "../../../src/actors/worker-pool.ts";
import { Window } from "../../../src/actors/window.ts";
import type { Chunk } from "../../../src/core/chunk.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Task, TaskReply } from "../../../src/core/task.ts";
import { startActor } from "../../../src/runtime/actor.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { LentBlocks } from "../../support/blocks.ts";
import { EventLog, idleMeter } from "../../support/events.ts";

const unlimited = {
  maxRecords: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  weigh: () => ({ records: 1, bytes: 0 }),
};
const none = { from: 0, length: 0 };

function agreement(change: Partial<ColumnAgreementOptions> = {}): ColumnAgreement {
  return new ColumnAgreement({ known: {}, needed: [], keep: async () => {}, ...change });
}

function replyTo(task: Task, change: Partial<TaskReply> = {}): TaskReply {
  const sinks = task.out.map((_, index) => ({
    sink: ["sink", "archive"][index] ?? "",
    memory: null,
    bytes: 3,
    rows: 0,
    rowEnds: none,
    recordOfRow: none,
    filtered: 0,
  }));
  return {
    records: 1,
    end: task.end - task.begin,
    lines: 1,
    outputs: sinks,
    rejects: [],
    index: null,
    spans: none,
    columns: {},
    busyMs: 2,
    ...change,
  };
}

/** A pool at work; a test answers its tasks. */
class Workshop {
  readonly clock = new FakeClock();
  readonly log = new EventLog();
  readonly lent = new LentBlocks();
  readonly lane = new Lane(0, [{ id: "a.csv", origin: "0" }]);
  readonly chunks = new Mailbox<Chunk>({ name: "chunks", ...unlimited });
  readonly results = new Mailbox<Processed>({ name: "results", ...unlimited });
  readonly tasks: { task: Task; resolve: (reply: TaskReply) => void; reject: (error: Error) => void }[] = [];
  readonly window: Window;
  readonly meter = idleMeter();
  readonly actor;
  #seq = 0;

  constructor(change: Partial<WorkerPoolOptions> = {}, window = 3) {
    this.window = new Window(window);
    const run = (task: Task): Promise<TaskReply> => {
      const { promise, resolve, reject } = Promise.withResolvers<TaskReply>();
      this.tasks.push({ task, resolve, reject });
      return promise;
    };
    const pool = new WorkerPool({
      runner: { run, close: async () => {}, destroy: async () => {} },
      sinks: ["sink"],
      lanes: [this.lane],
      fields: new Map([["a.csv", ["a", "b"]]]),
      chunks: this.chunks,
      results: this.results,
      window: this.window,
      estimate: new OutputEstimate(),
      columns: agreement(),
      meter: this.meter,
      emit: this.log.emit,
      ...change,
    });
    this.actor = startActor("pool", pool, { clock: this.clock });
  }

  send(text: string, change: Partial<Chunk> = {}): void {
    const memory = this.lent.memory(Math.max(1, text.length));
    memory.bytes.set(Buffer.from(text));
    this.chunks.trySend({
      seq: this.#seq++,
      lane: 0,
      generation: 0,
      split: "a.csv",
      memory,
      begin: 0,
      end: text.length,
      framing: { kind: "delimited" },
      from: "7",
      to: null,
      tokens: { at: String },
      firstLine: 2,
      final: false,
      needs: ["sink"],
      ...change,
    });
  }

  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Answers the task that was asked as the n-th. */
  async answer(number: number, change: Partial<TaskReply> = {}): Promise<void> {
    const asked = this.tasks[number];
    asked?.resolve(replyTo(asked.task, change));
    await this.settle();
  }

  async fail(number: number, error: Error): Promise<void> {
    this.tasks[number]?.reject(error);
    await this.settle();
  }

  /** Sequence numbers of the results so far. */
  get done(): number[] {
    const seqs: number[] = [];
    for (let next = this.results.tryReceive(); next !== undefined; next = this.results.tryReceive())
      seqs.push(next.chunk.seq);
    return seqs;
  }
}

const death = (kind: string, recordIndex: number | null) =>
  new MillraceError("THREAD_FAILED", "died", { details: { kind, recordIndex, threadId: 1 } });

describe("WorkerPool", () => {
  test("keeps as many chunks under way as the window allows and passes results on as they come", async () => {
    const shop = new Workshop();
    for (const text of ["1\n", "2\n", "3\n", "4\n"]) shop.send(text);
    await shop.settle();
    expect(shop.tasks).toHaveLength(3);
    await shop.answer(1);
    await shop.answer(2);
    expect(shop.done).toEqual([1, 2]);
    expect(shop.tasks).toHaveLength(3);
    shop.window.leave();
    await shop.settle();
    expect(shop.tasks).toHaveLength(4);
    shop.chunks.close();
    await shop.answer(0);
    await shop.answer(3);
    expect(await shop.actor.wait()).toEqual({ kind: "normal" });
    expect(shop.done).toEqual([0, 3]);
    expect(await shop.results.receive()).toBeUndefined();
    expect(shop.meter.times.busyMs).toBe(8);
  });

  test("tells a thread where the chunk lies and lends it memory for what it makes", async () => {
    const shop = new Workshop({ sinks: ["sink", "archive"] });
    shop.send("xxabc\n", { begin: 2, final: true, to: "99" });
    await shop.settle();
    const { task } = shop.tasks[0] ?? expect.unreachable();
    expect(task).toMatchObject({
      split: "a.csv",
      fields: ["a", "b"],
      begin: 2,
      end: 6,
      from: "7",
      firstLine: 2,
      final: true,
      truncated: true,
      columns: {},
      poison: [],
      only: null,
    });
    expect(task.ends).toBeUndefined();
    expect(Buffer.from(task.memory).toString("utf8", task.begin, task.end)).toBe("abc\n");
    // The archive does not need the chunk.
    expect(task.out.map((memory) => memory !== null)).toEqual([true, false]);
    expect(shop.lent.lent).toBe(3);
  });

  test("hands the borders of framed records over", async () => {
    const shop = new Workshop();
    shop.send("ab", { framing: { kind: "framed", ends: Int32Array.of(1, 2) } });
    await shop.settle();
    expect(shop.tasks[0]?.task.ends).toEqual(Int32Array.of(1, 2));
  });

  test("asks a thread about a framed record without a byte", async () => {
    const shop = new Workshop();
    shop.send("", { framing: { kind: "framed", ends: Int32Array.of(0) } });
    await shop.settle();
    expect(shop.tasks).toHaveLength(1);
  });

  test("asks no thread about a chunk of an earlier generation or without a byte", async () => {
    const shop = new Workshop();
    shop.lane.rewind({ splitIndex: 0, opening: { position: { ordinal: 0n, token: "0" }, moreThanBytes: 0 } });
    shop.send("stale\n");
    shop.send("", { generation: 1, final: true });
    shop.chunks.close();
    expect(await shop.actor.wait()).toEqual({ kind: "normal" });
    expect(shop.tasks).toEqual([]);
    expect(await shop.results.receive()).toMatchObject({ result: null });
    expect(await shop.results.receive()).toMatchObject({
      result: { records: 0, end: 0, outputs: [{ sink: "sink", rows: 0 }] },
    });
  });

  test("takes over memory that a thread had to make, and gives it back with the chunk", async () => {
    const shop = new Workshop();
    shop.send("1\n");
    await shop.settle();
    const { task } = shop.tasks[0] ?? expect.unreachable();
    const [grown, index] = [new SharedArrayBuffer(50_000), new SharedArrayBuffer(20_000)];
    new Int32Array(index).set([0, 1, 50_000, 0]);
    new Uint8Array(grown).fill(65);
    const outputs = [
      {
        ...replyTo(task).outputs[0],
        sink: "sink",
        memory: grown,
        bytes: 50_000,
        rows: 1,
        rowEnds: { from: 2, length: 1 },
        recordOfRow: { from: 3, length: 1 },
        filtered: 0,
      },
    ];
    await shop.answer(0, { index, spans: { from: 0, length: 2 }, outputs });
    const { chunk, result } = (await shop.results.receive()) ?? expect.unreachable();
    expect(result?.outputs[0]?.bytes.byteLength).toBe(50_000);
    expect([result?.spans, result?.outputs[0]?.rowEnds]).toEqual([Int32Array.of(0, 1), Int32Array.of(50_000)]);
    expect(shop.lent.lent).toBe(5);
    chunk.memory.release();
    expect([shop.lent.lent, shop.lent.budget.used]).toEqual([0, 0]);
  });

  test("lends more to later chunks when one took more", async () => {
    const shop = new Workshop();
    shop.send("x".repeat(10_000));
    await shop.settle();
    const before = shop.tasks[0]?.task.out[0]?.byteLength ?? 0;
    const { task } = shop.tasks[0] ?? expect.unreachable();
    const outputs = [{ ...replyTo(task).outputs[0], memory: new SharedArrayBuffer(40_000), bytes: 40_000 }];
    await shop.answer(0, { outputs: outputs as TaskReply["outputs"] });
    shop.send("x".repeat(10_000));
    await shop.settle();
    expect(shop.tasks[1]?.task.out[0]?.byteLength).toBeGreaterThan(40_000);
    expect(before).toBeLessThan(40_000);
  });
});

describe("WorkerPool while output columns are unknown", () => {
  const unknown = (keep: ColumnAgreementOptions["keep"] = async () => {}) =>
    new Workshop({ columns: agreement({ needed: ["sink"], keep }) }, 9);

  test("sends the first chunk alone and the others with the columns it brought", async () => {
    const kept: SinkColumns[] = [];
    const shop = unknown(async (columns) => void kept.push(columns));
    for (const text of ["1\n", "2\n", "3\n"]) shop.send(text);
    await shop.settle();
    expect(shop.tasks).toHaveLength(1);
    await shop.answer(0, { columns: { sink: ["a"] } });
    expect(kept).toEqual([{ sink: ["a"] }]);
    expect(shop.tasks.map(({ task }) => task.columns)).toEqual([{}, { sink: ["a"] }, { sink: ["a"] }]);
    await shop.answer(1, { columns: { sink: ["a"] } });
    expect(kept).toHaveLength(1);
  });

  test("takes the first chunk that has a row, and runs those again that found other columns meanwhile", async () => {
    const kept: SinkColumns[] = [];
    const shop = unknown(async (columns) => void kept.push(columns));
    for (const text of ["1\n", "2\n", "3\n", "4\n"]) shop.send(text);
    await shop.settle();
    await shop.answer(0);
    expect(shop.tasks).toHaveLength(4);
    await shop.answer(2, { columns: { sink: ["b"] } });
    await shop.answer(3, { columns: { sink: ["a"] } });
    expect([kept, shop.done]).toEqual([[], [0]]);
    await shop.answer(1, { columns: { sink: ["a"] } });
    expect(kept).toEqual([{ sink: ["a"] }]);
    expect(shop.tasks[4]?.task).toMatchObject({ begin: shop.tasks[2]?.task.begin, columns: { sink: ["a"] } });
    await shop.answer(4, { columns: { sink: ["a"] } });
    expect(shop.done.toSorted()).toEqual([1, 2, 3]);
  });

  test("keeps the columns before the result goes on", async () => {
    const kept = Promise.withResolvers<void>();
    const shop = unknown(() => kept.promise);
    shop.send("1\n");
    await shop.settle();
    await shop.answer(0, { columns: { sink: ["a"] } });
    expect(shop.done).toEqual([]);
    kept.resolve();
    await shop.settle();
    expect(shop.done).toEqual([0]);
  });

  test("ends when the columns cannot be kept", async () => {
    const refused = new MillraceError("COLUMN_UNKNOWN", "no column a");
    const shop = unknown(() => Promise.reject(refused));
    shop.send("1\n");
    await shop.settle();
    await shop.answer(0, { columns: { sink: ["a"] } });
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error: refused });
  });

  test("starts with what an earlier process found, and is not deceived by a sink's name", async () => {
    const known = new Workshop({ columns: agreement({ needed: ["sink"], known: { sink: ["a"] } }) });
    const odd = new Workshop({ columns: agreement({ needed: ["constructor"] }) });
    for (const shop of [known, odd]) {
      shop.send("1\n");
      shop.send("2\n");
      await shop.settle();
    }
    expect(known.tasks.map(({ task }) => task.columns)).toEqual([{ sink: ["a"] }, { sink: ["a"] }]);
    expect(odd.tasks).toHaveLength(1);
  });
});

describe("WorkerPool when threads fail", () => {
  test("tells a death and sends the chunk again in the same memory", async () => {
    const shop = new Workshop();
    shop.send("1\n");
    await shop.settle();
    await shop.fail(0, death("crash", 0));
    expect(shop.tasks[1]?.task.only).toBe(0);
    await shop.fail(1, death("crash", 0));
    expect(shop.tasks[2]?.task.poison).toMatchObject([{ record: 0, code: "TRANSFORM_CRASHED" }]);
    expect(shop.tasks[2]?.task.out[0]).toBe(shop.tasks[0]?.task.out[0]);
    await shop.answer(2);
    expect(shop.done).toEqual([0]);
    expect(shop.log.of("thread-died")).toEqual([
      { kind: "thread-died", fault: "crash", split: "a.csv", record: 0 },
      { kind: "thread-died", fault: "crash", split: "a.csv", record: 0 },
    ]);
  });

  test("ends the mailboxes at both sides as soon as a task fails for good", async () => {
    const shop = new Workshop();
    shop.send("1\n");
    shop.send("2\n");
    await shop.settle();
    const unloadable = new MillraceError("TRANSFORM_UNLOADABLE", "no such module");
    await shop.fail(1, unloadable);
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error: unloadable });
    await expect(shop.results.receive()).rejects.toBe(unloadable);
    expect(() => shop.chunks.tryReceive()).toThrow(unloadable);
  });

  test("ends with the failure of the last chunk, too", async () => {
    const shop = new Workshop();
    shop.send("1\n");
    await shop.settle();
    shop.chunks.close();
    const error = new MillraceError("INVARIANT", "a mistake");
    await shop.fail(0, error);
    await expect(shop.results.receive()).rejects.toBe(error);
  });

  test("does not wait for a place in a window that was given up", async () => {
    const shop = new Workshop({}, 1);
    shop.send("1\n");
    shop.send("2\n");
    await shop.settle();
    const error = new MillraceError("SINK_FAILED", "the writer is gone");
    shop.window.abort(error);
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error });
  });
});
