import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { isMillraceError } from "../../../src/core/errors.ts";
import {
  type ThreadEvent,
  ThreadPool,
  type ThreadPoolOptions,
  threadFaultDetails,
} from "../../../src/runtime/threads/index.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import type { FixtureTask } from "../../support/fixtures/task-worker.ts";

const pools: { destroy(): Promise<void> }[] = [];

function startPool<Task = FixtureTask, Result = unknown>(
  options: Partial<ThreadPoolOptions> = {},
  worker = "task-worker",
): ThreadPool<Task, Result> {
  const pool = new ThreadPool<Task, Result>({
    name: "test",
    filename: new URL(`../../support/fixtures/${worker}.ts`, import.meta.url),
    threads: 1,
    hangTimeoutMs: 30_000,
    clock: systemClock,
    workerData: { greeting: "good morning" },
    ...options,
  });
  pools.push(pool);
  return pool;
}

/** A gate for `wait` and `hang` tasks: `reached` when the task stands there, `open` lets a waiting one go. */
function gate() {
  const shared = new SharedArrayBuffer(4);
  const cell = new Int32Array(shared);
  return {
    gate: shared,
    async reached(): Promise<void> {
      if (Atomics.load(cell, 0) === 0) await Atomics.waitAsync(cell, 0, 0).value;
    },
    open(): void {
      Atomics.store(cell, 0, 2);
      Atomics.notify(cell, 0);
    },
  };
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
});

describe("ThreadPool.run()", () => {
  test("gives each task's result", async () => {
    const pool = startPool({ threads: 2 });
    const results = await Promise.all([1, 2, 3, 4, 5].map((value) => pool.run({ do: "double", value })));
    expect(results).toEqual([2, 4, 6, 8, 10]);
    expect(pool.stats).toEqual({ threads: 2, running: 0, queued: 0, deaths: 0 });
  });

  test("hands workerData to the threads and messages of the threads to onEvent", async () => {
    const events: ThreadEvent[] = [];
    const pool = startPool({ onEvent: (event) => void events.push(event) });
    expect(await pool.run({ do: "data" })).toBe("good morning");
    await pool.run({ do: "say" });
    await expect.poll(() => events).toContainEqual({ type: "message", message: "hello" });
    expect(events[0]).toEqual({ type: "started", threadId: expect.any(Number) });
  });

  test("gives no more tasks to the threads than they can run, in order of arrival", async () => {
    const pool = startPool();
    const first = gate();
    const order: number[] = [];
    const tasks = [
      pool.run({ do: "wait", gate: first.gate }),
      ...[1, 2, 3].map(async (value) => {
        await pool.run({ do: "double", value });
        order.push(value);
      }),
    ];
    await first.reached();
    expect(pool.stats).toMatchObject({ running: 1, queued: 3 });
    first.open();
    await Promise.all(tasks);
    expect(order).toEqual([1, 2, 3]);
  });

  test("runs tasksPerThread tasks side by side in one thread", async () => {
    const pool = startPool({ tasksPerThread: 2 });
    const [first, second] = [gate(), gate()];
    const both = Promise.all([
      pool.run({ do: "wait", gate: first.gate, value: 1 }),
      pool.run({ do: "wait", gate: second.gate, value: 2 }),
    ]);
    await Promise.all([first.reached(), second.reached()]);
    expect(pool.stats).toMatchObject({ threads: 1, running: 2 });
    second.open();
    first.open();
    expect(await both).toEqual([1, 2]);
  });

  test("passes a thrown error on with its name, message, stack and cause", async () => {
    const pool = startPool();
    const error: unknown = await pool.run({ do: "throw" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "TypeError", message: "no such field" });
    expect((error as Error).stack).toContain("task-worker.ts");
    expect((error as Error).cause).toMatchObject({ message: "the cause" });
    expect(pool.stats.deaths).toBe(0);
  });

  test("passes a MillraceError on as one", async () => {
    const pool = startPool();
    const error: unknown = await pool.run({ do: "throw-coded" }).catch((thrown: unknown) => thrown);
    expect(isMillraceError(error, "TRANSFORM_FAILED")).toBe(true);
    expect(error).toMatchObject({ fault: "record", details: { column: "amount" } });
  });

  test("passes an error on that structured clone would refuse", async () => {
    const pool = startPool();
    await expect(pool.run({ do: "throw-odd" })).rejects.toMatchObject({
      code: "VALUE_INVALID",
      details: {},
      cause: { message: "no such file", code: "ENOENT" },
    });
  });

  test("rejects a task that cannot be sent, and goes on", async () => {
    const pool = startPool<FixtureTask & { refuse?: () => void }>();
    await expect(pool.run({ do: "double", refuse: () => {} })).rejects.toMatchObject({ code: "INVARIANT" });
    expect(await pool.run({ do: "double", value: 2 })).toBe(4);
    expect(pool.stats.deaths).toBe(0);
  });
});

describe("ThreadPool, when a thread dies,", () => {
  test.each([
    ["exits", "exit", "crash", "exited with code 3 at record 41"],
    ["throws from a callback", "crash-later", "crash", "died of RangeError: from a callback at record 41"],
    ["fills its heap", "memory", "memory", "ran out of memory at record 41"],
  ] as const)("that %s, names the record and replaces the thread", async (_what, what, kind, message) => {
    const events: ThreadEvent[] = [];
    const pool = startPool({
      resourceLimits: { maxOldGenerationSizeMb: 32 },
      onEvent: (event) => void events.push(event),
    });
    const error: unknown = await pool.run({ do: what, at: 41 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "THREAD_FAILED", message: expect.stringContaining(message) });
    expect(threadFaultDetails(error)).toEqual({ kind, recordIndex: 41, threadId: expect.any(Number) });
    expect(await pool.run({ do: "double", value: 4 })).toBe(8);
    expect(pool.stats).toMatchObject({ threads: 1, deaths: 1 });
    expect(events).toContainEqual({ type: "ended", threadId: threadFaultDetails(error)?.threadId, kind });
  });

  test("blames no record for a result that cannot be sent", async () => {
    const pool = startPool();
    const error: unknown = await pool.run({ do: "unsendable-result" }).catch((thrown: unknown) => thrown);
    expect(threadFaultDetails(error)).toMatchObject({ kind: "crash", recordIndex: null });
  });

  test("rejects only the tasks of that thread", async () => {
    const pool = startPool({ threads: 2 });
    const healthy = gate();
    const waiting = pool.run({ do: "wait", gate: healthy.gate, value: 5 });
    await healthy.reached();
    await expect(pool.run({ do: "exit" })).rejects.toMatchObject({ code: "THREAD_FAILED" });
    healthy.open();
    expect(await waiting).toBe(5);
  });

  test("rejects every task that it had begun, and none that waited", async () => {
    const pool = startPool({ tasksPerThread: 2 });
    const [first, later] = [gate(), gate()];
    const waiting = pool.run({ do: "wait", gate: first.gate, at: 7 });
    const failure = expect(waiting).rejects.toMatchObject({ details: { kind: "crash", recordIndex: 7 } });
    await first.reached();
    const exiting = expect(pool.run({ do: "exit", at: 8 })).rejects.toMatchObject({ details: { recordIndex: 8 } });
    const queued = pool.run({ do: "wait", gate: later.gate, value: 3 });
    await Promise.all([failure, exiting]);
    await later.reached();
    later.open();
    expect(await queued).toBe(3);
  });

  test("tells nobody before the thread has ended", async () => {
    const events: ThreadEvent[] = [];
    const pool = startPool({ onEvent: (event) => void events.push(event) });
    await pool.run({ do: "crash-later" }).catch(() => events.push({ type: "message", message: "told" }));
    const types = events.map(({ type }) => type);
    expect(types.indexOf("ended")).toBeLessThan(types.indexOf("message"));
    expect(types).toContain("ended");
  });
});

describe("ThreadPool's watchdog", () => {
  test("ends exactly the thread that makes no progress", async () => {
    const clock = new FakeClock();
    const pool = startPool({ threads: 2, hangTimeoutMs: 200, clock });
    const stuck = gate();
    const failure = expect(pool.run({ do: "hang", gate: stuck.gate, at: 12 })).rejects.toMatchObject({
      code: "THREAD_FAILED",
      details: { kind: "hang", recordIndex: 12 },
      message: expect.stringContaining("made no progress"),
    });
    await stuck.reached();
    await clock.advance(200);
    expect(await pool.run({ do: "double", value: 1 })).toBe(2);
    expect(pool.stats).toMatchObject({ running: 1, deaths: 0 });
    await clock.advance(50);
    await failure;
    expect(await pool.run({ do: "double", value: 2 })).toBe(4);
    expect(pool.stats.deaths).toBe(1);
  });

  test("blames no record of a task that was innocent in the same thread", async () => {
    const clock = new FakeClock();
    const pool = startPool({ tasksPerThread: 2, hangTimeoutMs: 200, clock });
    const [stuck, late] = [gate(), gate()];
    const guilty = expect(pool.run({ do: "wait", gate: stuck.gate, at: 3 })).rejects.toMatchObject({
      details: { kind: "hang", recordIndex: 3 },
    });
    await stuck.reached();
    await clock.advance(200);
    const innocent = expect(pool.run({ do: "wait", gate: late.gate, at: 4 })).rejects.toMatchObject({
      details: { kind: "hang", recordIndex: null },
    });
    await late.reached();
    await clock.advance(50);
    await Promise.all([guilty, innocent]);
  });

  test("gives a task that has reported nothing yet the time of loading", async () => {
    const clock = new FakeClock();
    const pool = startPool({ hangTimeoutMs: 200, loadTimeoutMs: 600, clock });
    const silent = gate();
    const failure = expect(pool.run({ do: "wait", gate: silent.gate, at: null })).rejects.toMatchObject({
      details: { kind: "hang", recordIndex: null },
    });
    await silent.reached();
    for (let looks = 0; looks < 8; looks++) await clock.advance(50);
    expect(pool.stats).toMatchObject({ running: 1, deaths: 0 });
    for (let looks = 0; looks < 5; looks++) await clock.advance(50);
    await failure;
  });

  test("gives up on threads that never finish loading", async () => {
    const pool = startPool({ hangTimeoutMs: 60 }, "hang-at-load-worker");
    await expect(pool.run({ do: "double" })).rejects.toMatchObject({
      code: "SETUP_FAILED",
      message: expect.stringContaining("did not load within 60 ms"),
    });
  });
});

describe("ThreadPool, when its module cannot be loaded,", () => {
  test.each([
    ["throws", "throw-at-load-worker", "this module never loads"],
    ["exits", "exit-at-load-worker", "exits with code 9 while it loads"],
  ])("because it %s, rejects every task with SETUP_FAILED", async (_what, worker, message) => {
    const events: ThreadEvent[] = [];
    const pool = startPool({ threads: 2, onEvent: (event) => void events.push(event) }, worker);
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map((value) => pool.run({ do: "double", value })));
    for (const outcome of all) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "SETUP_FAILED", message: expect.stringContaining(message) },
      });
    }
    await expect(pool.run({ do: "double" })).rejects.toMatchObject({ code: "SETUP_FAILED" });
    await pool.close();
    expect(events.filter(({ type }) => type === "ended")).toContainEqual(expect.objectContaining({ kind: "load" }));
  });

  test("rejects with one thread as well, which piscina does not replace twice", async () => {
    const pool = startPool({ threads: 1 }, "exit-at-load-worker");
    const both = await Promise.allSettled([pool.run({ do: "double" }), pool.run({ do: "double" })]);
    expect(both).toMatchObject([{ reason: { code: "SETUP_FAILED" } }, { reason: { code: "SETUP_FAILED" } }]);
  });

  test("says so when it exports no handler", async () => {
    const pool = startPool({}, "no-handler-worker");
    await expect(pool.run({ do: "double" })).rejects.toMatchObject({ code: "SETUP_FAILED" });
  });

  test.each([1, 2])("but the one after %i failures can, goes on with the task that waited", async (failures) => {
    const pool = startCountdownPool(failures);
    expect(await pool.run({ do: "double", value: 21 })).toBe(42);
  });

  test("replaces a thread even after a replacement failed to load", async () => {
    const shared = new SharedArrayBuffer(4);
    const pool = startCountdownPool(0, shared);
    for (let round = 0; round < 3; round++) {
      expect(await pool.run({ do: "double", value: round })).toBe(round * 2);
      Atomics.store(new Int32Array(shared), 0, 2);
      await expect(pool.run({ do: "exit", value: 0 })).rejects.toMatchObject({ code: "THREAD_FAILED" });
    }
    expect(await pool.run({ do: "double", value: 4 })).toBe(8);
  });
});

function startCountdownPool(failures: number, shared = new SharedArrayBuffer(4)) {
  Atomics.store(new Int32Array(shared), 0, failures);
  return startPool<{ do: "exit" | "double"; value: number }, number>(
    { workerData: { failures: shared } },
    "load-sometimes-worker",
  );
}

describe("ThreadPool.close()", () => {
  test("finishes what was accepted, lets the threads clean up and accepts no more", async () => {
    const closed = new SharedArrayBuffer(4);
    const pool = startPool({ threads: 2, workerData: { greeting: "", closed } });
    const results = Promise.all([1, 2, 3, 4, 5].map((value) => pool.run({ do: "double", value })));
    const closing = pool.close();
    await expect(pool.run({ do: "double" })).rejects.toMatchObject({ code: "CLOSED" });
    expect(await results).toEqual([2, 4, 6, 8, 10]);
    await closing;
    expect(Atomics.load(new Int32Array(closed), 0)).toBe(2);
    expect(pool.stats).toEqual({ threads: 0, running: 0, queued: 0, deaths: 0 });
  });

  test("does not wait for ever for a thread that cleans up", async () => {
    const pool = startPool({ closeTimeoutMs: 20, workerData: { greeting: "", closesNever: true } });
    await pool.run({ do: "double" });
    await pool.close();
    expect(pool.stats.threads).toBe(0);
  });

  test("ends threads that never had a task, also at the end of a block", async () => {
    const pool = startPool();
    {
      await using closing = pool;
      expect(closing.stats.threads).toBe(1);
    }
    expect(pool.stats.threads).toBe(0);
  });
});

describe("ThreadPool.destroy()", () => {
  test("rejects what runs and what waits with CLOSED once no thread lives", async () => {
    const pool = startPool({ threads: 1 });
    const running = gate();
    const tasks = [pool.run({ do: "wait", gate: running.gate }), pool.run({ do: "double" })];
    const outcomes = Promise.allSettled(tasks);
    await running.reached();
    let ended = false;
    void tasks[0]?.catch(() => (ended = pool.stats.threads === 0));
    await pool.destroy();
    expect(await outcomes).toMatchObject([{ reason: { code: "CLOSED" } }, { reason: { code: "CLOSED" } }]);
    expect(ended).toBe(true);
    expect(pool.stats).toEqual({ threads: 0, running: 0, queued: 0, deaths: 0 });
  });

  test("rejects tasks that no thread has begun", async () => {
    const pool = startPool({ threads: 2 });
    const outcomes = Promise.allSettled([pool.run({ do: "double" }), pool.run({ do: "double" })]);
    await pool.destroy();
    expect(await outcomes).toMatchObject([{ reason: { code: "CLOSED" } }, { reason: { code: "CLOSED" } }]);
  });

  test("ends a close() that waits for a task", async () => {
    const pool = startPool();
    const stuck = gate();
    const waiting = expect(pool.run({ do: "wait", gate: stuck.gate })).rejects.toMatchObject({ code: "CLOSED" });
    await stuck.reached();
    const closing = pool.close();
    await pool.destroy();
    await Promise.all([waiting, closing]);
  });
});
