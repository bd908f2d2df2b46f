/** Whatever can be iterated, as batches. */
import type { Batched } from "./batched.ts";

/** Items that a program has, makes or awaits. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** Items of an array that are handed on at once. */
const ARRAY_BATCH = 1024;
/** Of an iterable that may make each item at the moment it is asked for it, fewer are asked for ahead. */
const ITERABLE_BATCH = 64;

/**
 * The items in batches: those of a {@link Batched} as they come, an array's and an iterable's by count, an async
 * iterable's one by one, for nobody knows how long the next one takes.
 */
export function batchesOf<T>(items: Items<T>): AsyncIterable<readonly T[]> {
  if (isBatched(items)) return items.batches();
  if (Array.isArray(items)) return slicesOf(items);
  return isAsync(items) ? singles(items) : groups(items);
}

/** The same items, `size` in each batch but the last. */
export async function* regroup<T>(batches: AsyncIterable<readonly T[]>, size: number): AsyncGenerator<readonly T[]> {
  let group: T[] = [];
  for await (const batch of batches) {
    for (let at = 0; at < batch.length; ) {
      const end = Math.min(batch.length, at + size - group.length);
      for (; at < end; at++) group.push(batch[at] as T);
      if (group.length < size) break;
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

/** By what it can do and not by its class: two copies of this package may meet in one program. */
function isBatched<T>(items: Items<T>): items is Batched<T> {
  return typeof items === "object" && "batches" in items && typeof items.batches === "function" && "toArray" in items;
}

function isAsync<T>(items: Items<T>): items is AsyncIterable<T> {
  return typeof items === "object" && Symbol.asyncIterator in items;
}

async function* slicesOf<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += ARRAY_BATCH) yield items.slice(at, at + ARRAY_BATCH);
}

async function* singles<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  for await (const item of items) yield [item];
}

async function* groups<T>(items: Iterable<T>): AsyncGenerator<readonly T[]> {
  let group: T[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  const guarded = untilItThrows(items, (thrown) => {
    failure = { thrown };
  });
  for (const item of guarded) {
    group.push(item);
    if (group.length < ITERABLE_BATCH) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
  if (failure) throw failure.thrown;
}

/** What was made before the error is still handed on. */
function* untilItThrows<T>(items: Iterable<T>, onThrown: (thrown: unknown) => void): Generator<T> {
  try {
    yield* items;
  } catch (thrown) {
    onThrown(thrown);
  }
}
