/** Threads die in the middle of their tasks, one after another: `DEATHS=n` so many, a thousand where `KILLS` is set. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { type BufferLease, BufferPool } from "../../src/runtime/buffer-pool.ts";
import { MemoryBudget } from "../../src/runtime/memory-budget.ts";
import { ThreadPool, ThreadTicket, threadFaultDetails } from "../../src/runtime/threads/index.ts";
import type { DeadlyResult, DeadlyTask } from "../support/fixtures/deadly-worker.ts";

const DEATHS = Number(process.env["DEATHS"] ?? (process.env["KILLS"] === undefined ? 150 : 1000));
const THREADS = 2;
const RECORDS = 500;
const BUFFER_BYTES = 8 * 1024;

const buffers = new BufferPool({ maxIdleBytes: 1024 * 1024 });
const budget = new MemoryBudget({ limitBytes: 4 * 2 * BUFFER_BYTES });
const account = budget.account("chaos");
const ticket = new ThreadTicket(THREADS);
const random = seededRandom(1);

function startThreads(): ThreadPool<DeadlyTask, DeadlyResult> {
  return new ThreadPool<DeadlyTask, DeadlyResult>({
    name: "chaos",
    filename: new URL("../support/fixtures/deadly-worker.ts", import.meta.url),
    threads: THREADS,
    hangTimeoutMs: 60_000,
    clock: systemClock,
  });
}

/** Delivers one task again and again until a thread survives it; how often one died. */
async function deliver(pool: ThreadPool<DeadlyTask, DeadlyResult>, number: number, deaths: number): Promise<number> {
  using _reservation = await account.reserve(2 * BUFFER_BYTES);
  using input = buffers.lease(BUFFER_BYTES);
  using output = buffers.lease(BUFFER_BYTES);
  const how = (["exit", "throw", "late"] as const)[number % 3] ?? "exit";
  const at = Math.floor(random() * RECORDS);
  fill(input, number);
  for (let attempt = 0; ; attempt++) {
    using _permit = await ticket.acquire("chaos");
    try {
      const task = { input: input.bytes, output: output.bytes, count: RECORDS, attempt, deaths, how, at };
      const { sum, outgrown } = await pool.run(task);
      if (outgrown) buffers.adopt(outgrown).release();
      verify(input, output, sum);
      return attempt;
    } catch (error) {
      expect(threadFaultDetails(error)).toMatchObject({ kind: "crash", recordIndex: at });
    }
  }
}

function fill(input: BufferLease, number: number): void {
  for (let record = 0; record < RECORDS; record++) input.bytes[record] = (number * 31 + record) % 256;
}

function verify(input: BufferLease, output: BufferLease, sum: number): void {
  let expected = 0;
  for (let record = 0; record < RECORDS; record++) {
    const byte = input.bytes[record] ?? 0;
    expected += byte;
    if (output.bytes[record] !== (byte ^ 0xff)) throw new RangeError(`record ${record} is wrong`);
  }
  expect(sum).toBe(expected);
}

test(
  `${DEATHS} thread deaths: every task is done in the end and every buffer is back in its pool`,
  async () => {
    await using pool = startThreads();
    const planned: number[] = [];
    for (let left = DEATHS; left > 0; ) {
      const deaths = Math.min(left, Math.floor(random() * 4));
      planned.push(deaths);
      left -= deaths;
    }
    const died = await Promise.all(planned.map((deaths, number) => deliver(pool, number, deaths)));
    expect(died).toEqual(planned);
    // The thread that died last is made good when there is something to do again.
    expect(pool.stats).toMatchObject({ running: 0, queued: 0, deaths: DEATHS });
    await Promise.all(planned.slice(0, 2 * THREADS).map((_, number) => deliver(pool, number, 0)));
    expect(pool.stats).toEqual({ threads: THREADS, running: 0, queued: 0, deaths: DEATHS });
    buffers.assertAllReturned();
    expect(budget.used).toBe(0);
    expect(ticket.stats.lent).toBe(0);
  },
  10 * 60_000,
);
