/**
 * Gets a chunk through although threads die of it.
 *
 * The flight recorder names the record that a thread was at when it died. That record is run once more, alone: if its
 * thread dies again it is poison, and the chunk goes out anew with the record marked as a reject. If it survives alone
 * the death had another cause and the whole chunk is simply tried again; a record that keeps being named is poison too.
 *
 * A death that names no record came while several were worked on (modes chunk, columns and async), or was another chunk's
 * doing in the same thread. From then on the chunk goes carefully, record by record: it gets through, or names one.
 */
import { type ErrorCode, isMillraceError, MillraceError } from "../core/errors.ts";
import type { PoisonRecord, TaskReply } from "../core/task.ts";

/** A record named this often is poison even if it survives alone. */
const MAX_NAMED = 3;
/** A chunk whose thread dies this often without naming a new record ends the run. */
const MAX_UNEXPLAINED = 5;

/** How a thread died. */
export interface ThreadDeath {
  readonly kind: "crash" | "hang" | "memory";
  readonly recordIndex: number | null;
}

/** How a chunk is run. */
export interface Attempt {
  /** Records that are not to be touched. */
  readonly poison: readonly PoisonRecord[];
  /** Just this record, for nothing but its survival. */
  readonly only: number | null;
  /** Record by record. */
  readonly careful: boolean;
}

/** What {@link redeliver} needs. */
export interface RedeliveryOptions {
  readonly attempt: (attempt: Attempt) => Promise<TaskReply>;
  readonly onDeath: (death: ThreadDeath) => void;
  /** For messages: `orders.csv from 1048576`. */
  readonly place: string;
}

/** @throws MillraceError THREAD_FAILED when threads keep dying and no record can be blamed */
export async function redeliver({ attempt, onDeath, place }: RedeliveryOptions): Promise<TaskReply> {
  const poison: PoisonRecord[] = [];
  const named = new Map<number, number>();
  let careful = false;
  for (let unexplained = 0; unexplained < MAX_UNEXPLAINED; ) {
    const outcome = await survive(() => attempt({ poison, only: null, careful }));
    if ("reply" in outcome) return outcome.reply;
    onDeath(outcome.death);
    const { recordIndex } = outcome.death;
    if (recordIndex === null) {
      careful = true;
      unexplained++;
      continue;
    }
    const times = (named.get(recordIndex) ?? 0) + 1;
    named.set(recordIndex, times);
    const alone =
      times >= MAX_NAMED ? outcome : await survive(() => attempt({ poison: [], only: recordIndex, careful: true }));
    if ("reply" in alone) {
      unexplained++;
      continue;
    }
    if (alone !== outcome) onDeath(alone.death);
    poison.push(poisonRecord(recordIndex, alone.death.kind));
  }
  throw new MillraceError(
    "THREAD_FAILED",
    `${place}: the worker threads died ${MAX_UNEXPLAINED} times and no record is to blame`,
  );
}

async function survive(run: () => Promise<TaskReply>): Promise<{ reply: TaskReply } | { death: ThreadDeath }> {
  try {
    return { reply: await run() };
  } catch (thrown) {
    if (!isMillraceError(thrown, "THREAD_FAILED")) throw thrown;
    return { death: thrown.details as unknown as ThreadDeath };
  }
}

function poisonRecord(record: number, kind: ThreadDeath["kind"]): PoisonRecord {
  const [code, message]: [ErrorCode, string] =
    kind === "hang"
      ? ["TRANSFORM_TIMEOUT", "the transform made no progress within its timeout; its thread was ended"]
      : kind === "memory"
        ? ["TRANSFORM_CRASHED", "the transform ran out of memory and ended its thread (transform.memory is its limit)"]
        : ["TRANSFORM_CRASHED", "the transform ended its thread (process.exit or a crash)"];
  return { record, code, message };
}
