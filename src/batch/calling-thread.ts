/**
 * Works items off in the calling thread, for as long as that is cheaper than moving them to another.
 *
 * An item that is worked on in a nanosecond still costs a microsecond to pack, send and unpack. So a long list is begun here,
 * in short slices between which the event loop turns, while it is measured what an item costs and what moving it would. It
 * ends when the items are done, or as soon as threads are worth their start.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf } from "../core/thrown.ts";
import type { ChunkSource } from "./chunk-source.ts";
import type { ChunkReply, ChunkTask } from "./chunk-task.ts";
import { type ReadyMapper, workOff } from "./chunk-work.ts";
import { immovable } from "./item-error.ts";

/** The event loop is held no longer than this at once, milliseconds. */
const SLICE_MS = 4;
/** Work before the first verdict: functions are slow until the engine has compiled them. */
const WARM_UP_MS = 4;
/** A shorter slice says nothing of what an item costs. */
const TELLING_MS = 0.5;
/** So many slices in a row have to say the same: a single one may have met the garbage collector. */
const VERDICT_SLICES = 3;
/** What starting threads costs. */
const THREADS_START_MS = 100;
const FIRST_SLICE = 16;
/** Items whose moving is measured. */
const SAMPLE = 512;

const NO_PROGRESS = { at: () => {} };

/** The chunks that were worked off here. */
export async function* inCallingThread(
  source: ChunkSource,
  mapper: ReadyMapper,
  stopAtFailure: boolean,
): AsyncGenerator<readonly [ChunkTask, ChunkReply]> {
  let moving: number | undefined;
  let worked = 0;
  let worthThreads = 0;
  let size = FIRST_SLICE;
  for (let chunk = await source.take(size); chunk !== undefined; chunk = await source.take(size)) {
    const begun = threadCpuMs();
    const reply = await workOff(mapper, chunk, NO_PROGRESS, stopAtFailure);
    const spent = threadCpuMs() - begun;
    worked += spent;
    yield [chunk, reply];
    const cost = spent / chunk.items.length;
    if (spent >= TELLING_MS && worked >= WARM_UP_MS) {
      moving ??= movingCost(chunk, reply);
      const left = (source.length ?? 0) - source.taken;
      worthThreads = cost > moving && cost * left > THREADS_START_MS ? worthThreads + 1 : 0;
      if (worthThreads === VERDICT_SLICES) return;
    }
    const fitting = Math.floor(SLICE_MS / Math.max(cost, 1e-6));
    size = Math.max(1, Math.min(fitting, 4 * size));
    if (spent >= TELLING_MS) await nextTurn();
  }
}

/** What it costs to move an item there and its result back, milliseconds. */
function movingCost({ items }: ChunkTask, { results }: ChunkReply): number {
  const begun = threadCpuMs();
  try {
    structuredClone(items.slice(0, SAMPLE));
    structuredClone(results.slice(0, SAMPLE));
  } catch (cause) {
    throw immovable(messageOf(cause), cause);
  }
  return (threadCpuMs() - begun) / Math.min(SAMPLE, items.length);
}

/** Milliseconds of CPU that this thread has spent: what other programs do meanwhile does not count. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
