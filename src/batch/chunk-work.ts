/** Works a chunk off with the functions of the user's module; the same in a thread and in the calling one. */
import { MillraceError } from "../core/errors.ts";
import { packError } from "../runtime/threads/thread-error.ts";
import { type ChunkReply, type ChunkTask, type ItemFailure, isTypedArray } from "./chunk-task.ts";
import type { ChunkFunction, ItemFunction, Mapper } from "./user-module.ts";

/** Told which item is being worked on. */
export interface Progress {
  at(item: number): void;
}

/** A thread's functions with what their `setup` made. */
export interface ReadyMapper {
  readonly mapper: Mapper;
  readonly resources: unknown;
}

/** Works a chunk off; items that fail are told in the reply. */
export function workOff(
  { mapper, resources }: ReadyMapper,
  task: ChunkTask,
  progress: Progress,
  stopAtFailure: boolean,
): Promise<ChunkReply> {
  // Of a chunk that is worked on as a whole nobody knows which item is to blame for a dead thread, so none is named.
  if (mapper.chunk !== undefined) return wholeChunk(mapper.chunk, task, resources);
  return itemByItem(mapper.item as ItemFunction, task, resources, progress, stopAtFailure);
}

async function itemByItem(
  work: ItemFunction,
  { items, first }: ChunkTask,
  resources: unknown,
  progress: Progress,
  stopAtFailure: boolean,
): Promise<ChunkReply> {
  const results: unknown[] = [];
  const failures: ItemFailure[] = [];
  for (let at = 0; at < items.length; at++) {
    progress.at(at);
    try {
      const result = work(items[at], first + at, resources);
      results.push(isPromise(result) ? await result : result);
    } catch (thrown) {
      failures.push({ at, error: packError(thrown) });
      if (stopAtFailure) break;
    }
  }
  return { results, failures };
}

async function wholeChunk(work: ChunkFunction, { items, first }: ChunkTask, resources: unknown): Promise<ChunkReply> {
  try {
    const results = await work(items as readonly unknown[], first, resources);
    if (Array.isArray(results) || isTypedArray(results)) {
      if (results.length === items.length) return { results, failures: [] };
      throw new MillraceError("ITEM_FAILED", `mapChunk gave ${results.length} results for ${items.length} items`);
    }
    throw new MillraceError("ITEM_FAILED", "mapChunk has to give an array with a result for each item");
  } catch (thrown) {
    const error = packError(thrown);
    return { results: [], failures: Array.from(items, (_, at) => ({ at, error })) };
  }
}

/** Whether a function was asynchronous. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
