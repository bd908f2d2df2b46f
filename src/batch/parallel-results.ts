/** One parallel batch: in the calling thread as long as that is quicker, then in threads. */
import { abortError, systemClock } from "../core/clock.ts";
import { unpackError } from "../runtime/threads/thread-error.ts";
import type { BatchMeter } from "./batch-stats.ts";
import { inCallingThread } from "./calling-thread.ts";
import { ChunkSizes } from "./chunk-sizes.ts";
import { type ChunkSource, chunkSource, type ParallelItems } from "./chunk-source.ts";
import type { ChunkReply, ChunkTask } from "./chunk-task.ts";
import { inFlight } from "./in-flight.ts";
import { itemError, type OnItemError } from "./item-error.ts";
import { CHUNKS_PER_THREAD, ThreadCrew } from "./thread-crew.ts";
import { loadMapper } from "./user-module.ts";

/** What a batch is made of. */
export interface ParallelSettings {
  readonly module: string;
  readonly export: string;
  readonly workers: number;
  readonly chunkSize: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly callingThread: "auto" | "never";
  readonly onError: OnItemError<unknown> | undefined;
  readonly signal: AbortSignal | undefined;
  readonly meter: BatchMeter;
}

/** Fewer items are given to threads at once: they are not worth finding out what they cost. */
const LONG_LIST = 50_000;

/** The results in order, chunk by chunk. */
export async function* parallelResults(
  items: ParallelItems<unknown>,
  settings: ParallelSettings,
): AsyncGenerator<readonly unknown[]> {
  const source = chunkSource(items);
  try {
    for await (const [chunk, reply] of workedOff(source, settings)) {
      const { results, failures } = reply;
      settings.meter.count(results.length, failures.length);
      if (results.length > 0) yield Array.isArray(results) ? results : Array.from<unknown>(results);
      tellFailures(chunk, reply, settings.onError);
    }
  } finally {
    await source.close();
  }
}

async function* workedOff(
  source: ChunkSource,
  settings: ParallelSettings,
): AsyncGenerator<readonly [ChunkTask, ChunkReply]> {
  yield* hereAsLongAsItPays(source, settings);
  if (source.taken === source.length) return;
  yield* inThreads(source, settings);
}

async function* hereAsLongAsItPays(
  source: ChunkSource,
  { module, export: name, callingThread, timeoutMs, onError, signal, meter }: ParallelSettings,
): AsyncGenerator<readonly [ChunkTask, ChunkReply]> {
  if (callingThread === "never" || timeoutMs !== undefined || (source.length ?? 0) < LONG_LIST) return;
  const mapper = await loadMapper(module, name);
  // What is made once a thread, and what wants many items at once, is meant for threads.
  if (mapper.chunk !== undefined || mapper.setup !== undefined) return;
  meter.begin();
  try {
    for await (const done of inCallingThread(source, { mapper, resources: undefined }, onError === undefined)) {
      if (signal?.aborted) throw abortError(signal);
      yield done;
    }
  } finally {
    meter.end();
  }
}

async function* inThreads(
  source: ChunkSource,
  { module, export: name, workers, chunkSize, timeoutMs, onError, signal, meter }: ParallelSettings,
): AsyncGenerator<readonly [ChunkTask, ChunkReply]> {
  const left = source.length === undefined ? undefined : source.length - source.taken;
  const sizes = new ChunkSizes(chunkSize, left, workers);
  const threads = left === undefined ? workers : Math.max(1, Math.min(workers, Math.ceil(left / sizes.next())));
  const crew = new ThreadCrew({
    spec: { module, export: name, stopAtFailure: onError === undefined },
    threads,
    timeoutMs,
  });
  const call = async (chunk: ChunkTask): Promise<readonly [ChunkTask, ChunkReply]> => {
    meter.begin();
    const begun = systemClock.monotonic();
    try {
      return [chunk, await crew.run(chunk)];
    } finally {
      // It waited for the chunks that were given to its thread before.
      sizes.note(chunk.items.length, (systemClock.monotonic() - begun) / CHUNKS_PER_THREAD);
      meter.end();
    }
  };
  const inputs = chunks(source, sizes);
  try {
    const concurrency = threads * CHUNKS_PER_THREAD;
    for await (const done of inFlight({ inputs, call, concurrency, ordered: true, signal })) yield* done;
    await crew.close();
  } finally {
    await crew.destroy();
  }
}

async function* chunks(source: ChunkSource, sizes: ChunkSizes): AsyncGenerator<ChunkTask> {
  for (;;) {
    const chunk = await source.take(sizes.next());
    if (chunk === undefined) return;
    yield chunk;
  }
}

/** @throws MillraceError of the first item that failed, unless somebody wants to be told */
function tellFailures(
  { items, first }: ChunkTask,
  { failures }: ChunkReply,
  onError: OnItemError<unknown> | undefined,
): void {
  for (const { at, error } of failures) {
    const thrown = unpackError(error);
    if (onError === undefined) throw itemError(thrown, first + at);
    onError(thrown, items[at], first + at);
  }
}
