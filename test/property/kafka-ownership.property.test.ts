/** Processes that take splits from each other, lose answers and go on behind them: every record is committed once. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Ownership } from "../../src/connectors/kafka/ownership.ts";
import { Partitioner } from "../../src/connectors/kafka/partitioner.ts";
import { PositionTopic } from "../../src/connectors/kafka/position-topic.ts";
import { TransactionalWriter } from "../../src/connectors/kafka/transactional-writer.ts";
import type { Clock } from "../../src/core/clock.ts";
import { isMillraceError } from "../../src/core/errors.ts";
import { NO_COUNTS } from "../../src/core/ledger.ts";
import type { Advance, Progress } from "../../src/core/ports/sink.ts";
import { originPosition } from "../../src/core/position.ts";
import type { SinkOutput } from "../../src/core/result.ts";
import { type Fate, MemoryCluster } from "../support/kafka/memory-cluster.ts";
import { ROWS_ORIGIN } from "../support/rows-origin.ts";

const KEY = { job: "load", sink: "sink", scope: "" };
const SPLITS = ["a", "b", "c"];
const RECORDS = 4;

/** Something a process does: takes splits over, or writes so many records of one. */
type Step = { readonly take: readonly string[] } | { readonly write: string; readonly records: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ take: fc.subarray(SPLITS, { minLength: 1 }) }),
  fc.record({ write: fc.constantFrom(...SPLITS), records: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ write: fc.constantFrom(...SPLITS), records: fc.integer({ min: 1, max: 2 }) }),
);
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Fate>("ok") },
  { weight: 1, arbitrary: fc.constant<Fate>("answer lost") },
  { weight: 1, arbitrary: fc.constant<Fate>("lost") },
);

/** A process with a writer and what it believes of its splits. */
class Process {
  readonly #writer: TransactionalWriter;
  readonly #book = new Map<string, Progress>();

  constructor(cluster: MemoryCluster, turn: () => Promise<Fate>) {
    const timer: Clock["timer"] = (_delay, callback) => {
      let isSet = true;
      const ring = async (): Promise<void> => {
        await turn();
        if (isSet) callback();
      };
      void ring();
      return { [Symbol.dispose]: () => (isSet = false) };
    };
    const clock: Clock = { now: () => 0, monotonic: () => 0, timer };
    const client = cluster.client(turn);
    const session = { ...KEY, run: "r", signal: new AbortController().signal, resumed: false };
    const ownership = new Ownership({ client, topic: new PositionTopic(client, "positions", KEY), session, clock });
    const shape = { hasKey: false, fieldHeaders: [], constantHeaders: {}, lines: true };
    const limits = { records: 1, bytes: 1_000, lingerMs: undefined };
    const unit = { topic: "data", partitioner: new Partitioner(1), limits, shape, clock };
    this.#writer = new TransactionalWriter({ label: "sink", client, ownership, unit });
  }

  async take(splits: readonly string[]): Promise<void> {
    const claims = splits.map((split) => ({ split, origin: originPosition("0") }));
    for (const row of await this.#writer.claim(claims)) this.#book.set(row.split, row);
  }

  /** Goes on where it believes the split to stand; after a lost answer it reads the position back, as the runtime does. */
  async write(split: string, records: number): Promise<void> {
    const row = this.#book.get(split);
    if (row === undefined) return;
    const from = row.position.ordinal;
    const to = BigInt(Math.min(RECORDS, Number(from) + records));
    const advance: Advance = {
      split,
      epoch: row.epoch,
      from,
      to: { ordinal: to, token: String(to) },
      counts: NO_COUNTS,
    };
    const unit = await this.#writer.begin("fast");
    try {
      await unit.write(outputOf(split, Number(from), Number(to)), ROWS_ORIGIN);
      await unit.commit([advance], []);
      this.#book.set(split, { ...row, position: advance.to });
    } catch (thrown) {
      await unit.rollback();
      if (isMillraceError(thrown, "FENCED")) this.#book.delete(split);
      if (!isMillraceError(thrown) || thrown.fault !== "transient") throw thrown;
      const [now] = await this.#writer.progress([split]);
      if (now?.epoch === row.epoch) this.#book.set(split, now);
      else this.#book.delete(split);
    }
  }

  done(split: string): boolean {
    return this.#book.get(split)?.position.ordinal === BigInt(RECORDS);
  }
}

function outputOf(split: string, from: number, to: number): SinkOutput {
  const rows = Array.from({ length: to - from }, (_, index) => `${split}${from + index}\n`);
  let end = 0;
  return {
    sink: "sink",
    bytes: Buffer.from(rows.join("")),
    rows: rows.length,
    rowEnds: Int32Array.from(rows, (row) => (end += row.length)),
    recordOfRow: Int32Array.from(rows.keys()),
    filtered: 0,
  };
}

/** What a process meets on its way is its end, or that of one step. */
async function live(process: Process, steps: readonly Step[]): Promise<void> {
  for (const one of steps) {
    try {
      await ("take" in one ? process.take(one.take) : process.write(one.write, one.records));
    } catch (thrown) {
      if (!isMillraceError(thrown, "FENCED", "SINK_UNAVAILABLE", "COMMIT_AMBIGUOUS")) throw thrown;
    }
  }
}

test("every record is committed once, in order, whoever takes splits from whom and whichever answer is lost", async () => {
  const lives = fc.array(fc.array(step, { maxLength: 8 }), { minLength: 2, maxLength: 3 });
  const fates = fc.infiniteStream(fate);
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), lives, fates, async (scheduler, processes, network) => {
      const cluster = new MemoryCluster();
      const turn = async (): Promise<Fate> => {
        await scheduler.schedule(Promise.resolve());
        return network.next().value as Fate;
      };
      const ended = Promise.all(
        processes.map((steps) => live(new Process(cluster, turn), [{ take: SPLITS }, ...steps])),
      );
      await scheduler.waitFor(ended);

      const last = new Process(cluster, async () => "ok");
      await last.take(SPLITS);
      for (const split of SPLITS) while (!last.done(split)) await last.write(split, 3);
      for (const split of SPLITS) {
        const mine = cluster.committed("data").filter((value) => value.startsWith(split));
        expect(mine).toEqual(Array.from({ length: RECORDS }, (_, number) => `${split}${number}`));
      }
    }),
    { numRuns: 300 },
  );
});
