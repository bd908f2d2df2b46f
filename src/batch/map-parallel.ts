/** Work on many items in threads: work that needs a processor. */
import { availableParallelism } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { BatchMeter } from "./batch-stats.ts";
import type { ParallelItems } from "./chunk-source.ts";
import type { OnItemError } from "./item-error.ts";
import { parallelResults } from "./parallel-results.ts";
import { Results } from "./results.ts";

/** How {@link mapParallel} works. */
export interface MapParallelOptions<T> {
  /** Threads; by default one for each core but one, though two where there are two. */
  readonly workers?: number;
  /**
   * Items that go to a thread at once. By default a quarter of a thread's share, at most 16,384; where nobody knows how many
   * items there are, as many as take about 20 ms.
   */
  readonly chunkSize?: number;
  /** The export that works on one item. */
  readonly export?: string;
  /** Told of each item that fails, which is left out of the results; when absent, the first one ends the batch. */
  readonly onError?: OnItemError<T>;
  /** An item (a chunk, for `mapChunk`) that takes longer has its thread ended and fails; milliseconds, no limit by default. */
  readonly timeout?: number;
  /**
   * Lists of 50,000 items and more are begun in the calling thread, a few milliseconds at a time, and stay there when moving
   * an item would cost more than working on it. `never`: the calling thread never runs the module.
   */
  readonly callingThread?: "auto" | "never";
  /** Ends the batch with ABORTED, at once. */
  readonly signal?: AbortSignal;
}

/**
 * Works on each item with a module's function, in threads, and gives the results in the order of the items.
 *
 * The module exports `default (item, index, resources) => result`, or `mapChunk (items, index, resources) => results` for
 * work that is done for many items at once; it may export `setup`, whose result is `resources`, once a thread, and
 * `teardown (resources)`. Items and results are moved as structured clones; an array of numbers (`Float64Array`, ...) goes
 * through shared memory. Where a thread dies its items are tried again, so an item may be worked on twice.
 *
 * @param items anything that can be iterated; of endless ones only as many are asked for as are worked on
 * @param module a URL (`new URL("./work.ts", import.meta.url)`), or a path from the working directory
 * @throws MillraceError CONFIG_INVALID for workers or a chunk size that are none; while the results are taken,
 *   TRANSFORM_UNLOADABLE, SETUP_FAILED, USAGE for what cannot be moved, ABORTED, and for the first item that fails unless
 *   there is an `onError`: ITEM_FAILED with what was thrown as its cause, TRANSFORM_CRASHED, TRANSFORM_TIMEOUT
 * @example
 * const hashes = await mapParallel<string, string>(passwords, new URL("./hash.ts", import.meta.url));
 */
export function mapParallel<T, R = unknown>(
  items: ParallelItems<T>,
  module: string | URL,
  options: MapParallelOptions<T> = {},
): Results<R> {
  const { workers = defaultWorkers(), chunkSize, export: name = "default", onError, timeout, signal } = options;
  assertCount("workers", workers);
  if (chunkSize !== undefined) assertCount("chunkSize", chunkSize);
  if (timeout !== undefined) assertCount("timeout", timeout);
  const meter = new BatchMeter(systemClock);
  return new Results<R>(
    meter,
    () =>
      parallelResults(items, {
        module: urlOf(module),
        export: name,
        workers,
        chunkSize,
        timeoutMs: timeout,
        callingThread: options.callingThread ?? "auto",
        onError: onError as OnItemError<unknown> | undefined,
        signal,
        meter,
      }) as AsyncGenerator<readonly R[]>,
  );
}

/** The calling thread only moves items, so it needs a core of its own only where there are several. */
function defaultWorkers(): number {
  const cores = availableParallelism();
  return cores <= 2 ? cores : cores - 1;
}

function urlOf(module: string | URL): string {
  if (module instanceof URL || /^(?:file|data):/.test(module)) return String(module);
  return pathToFileURL(path.resolve(module)).href;
}

function assertCount(option: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new MillraceError(
    "CONFIG_INVALID",
    `mapParallel: ${option}: expected a whole number of at least 1, got ${value}`,
  );
}
