/** Many asynchronous calls at once: work that waits for servers, disks and other programs. */
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { batchesOf, type Items, regroup } from "../runtime/batches-of.ts";
import { BatchMeter } from "./batch-stats.ts";
import { inFlight } from "./in-flight.ts";
import { errorOf, itemError, type OnItemError } from "./item-error.ts";
import { Results } from "./results.ts";

/** How {@link mapConcurrent} works. */
export interface MapConcurrentOptions<Item> {
  /** Calls under way at once; 16 by default. */
  readonly concurrency?: number;
  /** Results in the order of the items (the default), or as they come. */
  readonly ordered?: boolean;
  /** Told of each item that fails, which is left out of the results; when absent, the first one ends the batch. */
  readonly onError?: OnItemError<Item>;
  /** Ends the batch with ABORTED, at once: calls under way are told through their own signal. */
  readonly signal?: AbortSignal;
}

/** A call's input, and what stands for it in errors and counts. */
interface Call<Input> {
  readonly input: Input;
  readonly index: number;
  readonly items: number;
}

const DEFAULT_CONCURRENCY = 16;

/**
 * Calls `work` for each item, several at once, and gives what the calls resolve to.
 *
 * Items are asked for as calls can begin with them, so endless sources are fine. With `chunkSize`, a call gets an array of
 * that many items (the last may be shorter) and gives one result for it.
 *
 * @param work gets the item, its number (of its first item, with chunks) and a signal that is aborted when the batch ends
 *   before it
 * @throws MillraceError CONFIG_INVALID for a concurrency or chunk size that is none; while the results are taken, ABORTED,
 *   or ITEM_FAILED for the first item that fails unless there is an `onError`; its cause is what was thrown
 * @example
 * const users = await mapConcurrent(ids, (id, _, signal) => fetchUser(id, { signal }), { concurrency: 20 });
 */
export function mapConcurrent<T, R>(
  items: Items<T>,
  work: (chunk: readonly T[], index: number, signal: AbortSignal) => R | Promise<R>,
  options: MapConcurrentOptions<readonly T[]> & { readonly chunkSize: number },
): Results<Awaited<R>>;
export function mapConcurrent<T, R>(
  items: Items<T>,
  work: (item: T, index: number, signal: AbortSignal) => R | Promise<R>,
  options?: MapConcurrentOptions<T> & { readonly chunkSize?: undefined },
): Results<Awaited<R>>;
export function mapConcurrent(
  items: Items<unknown>,
  work: (input: never, index: number, signal: AbortSignal) => unknown,
  options: MapConcurrentOptions<never> & { readonly chunkSize?: number | undefined } = {},
): Results<unknown> {
  const { concurrency = DEFAULT_CONCURRENCY, ordered = true, chunkSize, onError, signal } = options;
  assertCount("concurrency", concurrency);
  if (chunkSize !== undefined) assertCount("chunkSize", chunkSize);
  const meter = new BatchMeter(systemClock);
  const call = async ({ input, index, items: count }: Call<never>, stop: AbortSignal): Promise<readonly unknown[]> => {
    meter.begin();
    try {
      const result = await work(input, index, stop);
      meter.count(count, 0);
      return [result];
    } catch (thrown) {
      meter.count(0, count);
      if (onError === undefined || stop.aborted) throw itemError(thrown, index);
      onError(errorOf(thrown), input, index);
      return [];
    } finally {
      meter.end();
    }
  };
  return new Results(meter, async function* () {
    const inputs = (chunkSize === undefined ? singles(items) : chunks(items, chunkSize)) as AsyncIterable<Call<never>>;
    for await (const batch of inFlight({ inputs, call, concurrency, ordered, signal })) {
      const results = batch.flat();
      if (results.length > 0) yield results;
    }
  });
}

async function* singles<T>(items: Items<T>): AsyncGenerator<Call<T>> {
  let index = 0;
  for await (const batch of batchesOf(items)) for (const input of batch) yield { input, index: index++, items: 1 };
}

async function* chunks<T>(items: Items<T>, size: number): AsyncGenerator<Call<readonly T[]>> {
  let index = 0;
  for await (const input of regroup(batchesOf(items), size)) {
    yield { input, index, items: input.length };
    index += input.length;
  }
}

function assertCount(option: string, value: number): void {
  if ((Number.isSafeInteger(value) && value >= 1) || value === Number.POSITIVE_INFINITY) return;
  throw new MillraceError(
    "CONFIG_INVALID",
    `mapConcurrent: ${option}: expected a whole number of at least 1, got ${value}`,
  );
}
