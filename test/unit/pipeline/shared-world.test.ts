import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { Task, TaskReply, TaskRunner, TaskSpec } from "../../../src/core/task.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { describe } from "../../../src/pipeline/describe.ts";
import { processWorld } from "../../../src/pipeline/process-world.ts";
import { openSharedWorld, TicketedRunner } from "../../../src/pipeline/shared-world.ts";
import { ThreadTicket } from "../../../src/runtime/threads/index.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

/** Threads whose tasks end when the test says so. */
class HeldThreads implements TaskRunner {
  readonly running: PromiseWithResolvers<TaskReply>[] = [];
  destroyed = 0;
  closed = 0;

  run(_task: Task): Promise<TaskReply> {
    const task = Promise.withResolvers<TaskReply>();
    this.running.push(task);
    return task.promise;
  }

  async close(): Promise<void> {
    this.closed++;
  }

  async destroy(): Promise<void> {
    this.destroyed++;
    for (const { reject } of this.running) reject(new Error("the threads were ended"));
  }
}

const task = {} as Task;
const reply = {} as TaskReply;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("TicketedRunner.run() begins a task only when it is its owner's turn, and gives the turn back", async () => {
  const ticket = new ThreadTicket(1);
  const threads = new HeldThreads();
  const runner = new TicketedRunner(threads, ticket, "orders");
  const [first, second] = [runner.run(task), runner.run(task)];
  await settled();
  expect(threads.running).toHaveLength(1);
  threads.running[0]?.resolve(reply);
  expect(await first).toBe(reply);
  await settled();
  expect(threads.running).toHaveLength(2);
  threads.running[1]?.resolve(reply);
  await second;
  expect(ticket.stats).toEqual({ threads: 1, lent: 0, waiting: 0 });
});

test("TicketedRunner.run() gives the turn back where a task fails", async () => {
  const ticket = new ThreadTicket(1);
  const threads = new HeldThreads();
  const running = new TicketedRunner(threads, ticket, "orders").run(task);
  await settled();
  threads.running[0]?.reject(new Error("a thread died"));
  await expect(running).rejects.toThrow("a thread died");
  expect(ticket.stats.lent).toBe(0);
});

test("TicketedRunner.destroy() ends those that wait for a turn and those that have one, and leaves no turn lent", async () => {
  const ticket = new ThreadTicket(2);
  using _other = await ticket.acquire("users");
  const threads = new HeldThreads();
  const runner = new TicketedRunner(threads, ticket, "orders");
  const tasks = Promise.allSettled([runner.run(task), runner.run(task), runner.run(task)]);
  await settled();
  expect(ticket.stats).toEqual({ threads: 2, lent: 2, waiting: 2 });
  await runner.destroy();
  expect((await tasks).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(threads.running).toHaveLength(1);
  expect(ticket.stats).toEqual({ threads: 2, lent: 1, waiting: 0 });
});

test("TicketedRunner.close() waits for the threads alone", async () => {
  const threads = new HeldThreads();
  await new TicketedRunner(threads, new ThreadTicket(1), "orders").close();
  expect(threads.closed).toBe(1);
});

test("a small job gets its turn after one of each greedy job, however many tasks these have waiting", async () => {
  const ticket = new ThreadTicket(1);
  const turns: string[] = [];
  const threads: TaskRunner = {
    run: async (given) => {
      turns.push(given.split);
      await settled();
      return reply;
    },
    close: async () => {},
    destroy: async () => {},
  };
  const run = (owner: string): Promise<TaskReply> =>
    new TicketedRunner(threads, ticket, owner).run({ ...task, split: owner });
  const greedy = ["a", "b"].flatMap((owner) => Array.from({ length: 40 }, () => run(owner)));
  for (let n = 0; n < 10; n++) {
    const before = turns.length;
    await run("small");
    // What is at work, and then one of each.
    expect(turns.indexOf("small", before) - before).toBeLessThanOrEqual(3);
  }
  await Promise.all(greedy);
});

/** What the threads of a job are like in a process whose turns are shared. */
function runnerOf(mode: "record" | "async"): { readonly runner: TaskRunner; readonly threads: TaskRunner } {
  const threads = new HeldThreads();
  const shared = { ...openSharedWorld({ memoryBytes: 1024, threads: 1 }), startThreads: () => threads };
  const job = defineJob({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    transform: { module: "./orders.ts", mode },
    sink: { type: "file", path: "orders.jsonl" },
  });
  const given = { clock: new FakeClock(), random: seededRandom(1), state: openMemoryStore() };
  const world = processWorld(job, given, { shared });
  const spec = { job: job.name, transform: describe(job).transform } as TaskSpec;
  return { runner: world.startThreads(spec), threads };
}

test("processWorld() lets calls that wait go on without a turn, and nothing else", () => {
  const waiting = runnerOf("async");
  expect(waiting.runner).toBe(waiting.threads);
  expect(runnerOf("record").runner).toBeInstanceOf(TicketedRunner);
});
