/** Gives chunks to threads, and finds out what becomes of those whose thread dies. */
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { threadEntry } from "../core/thread-entry.ts";
import { MAX_TIMER_MS } from "../runtime/backoff.ts";
import {
  type ThreadFaultDetails,
  type ThreadFaultKind,
  threadFaultDetails,
  ThreadPool,
} from "../runtime/threads/index.ts";
import { packError } from "../runtime/threads/thread-error.ts";
import type { ChunkReply, ChunkTask, WorkerSpec } from "./chunk-task.ts";
import { immovable } from "./item-error.ts";

/** How threads are started. */
export interface CrewOptions {
  readonly spec: WorkerSpec;
  readonly threads: number;
  /** An item (a chunk, for `mapChunk`) that takes longer has its thread ended, milliseconds; no limit when undefined. */
  readonly timeoutMs: number | undefined;
}

/** The second chunk waits at the thread, which so never waits for the calling one. */
export const CHUNKS_PER_THREAD = 2;

/** Modules and their `setup` may take longer than an item. */
const LOAD_TIMEOUT_MS = 30_000;

/** The threads of one batch. */
export class ThreadCrew {
  readonly #pool: ThreadPool<ChunkTask, ChunkReply>;

  constructor({ spec, threads, timeoutMs }: CrewOptions) {
    this.#pool = new ThreadPool({
      name: "mapParallel",
      filename: threadEntry(import.meta.url, "./worker"),
      threads,
      tasksPerThread: CHUNKS_PER_THREAD,
      hangTimeoutMs: timeoutMs ?? MAX_TIMER_MS,
      loadTimeoutMs: timeoutMs === undefined ? MAX_TIMER_MS : Math.max(timeoutMs, LOAD_TIMEOUT_MS),
      workerData: spec,
      clock: systemClock,
    });
  }

  /**
   * Works a chunk off. Where its thread dies, it is tried again: the item that was being worked on alone, and once; what
   * kills a thread twice is that item's failure.
   *
   * @throws MillraceError USAGE for items that cannot be moved, TRANSFORM_UNLOADABLE, SETUP_FAILED, CLOSED
   */
  async run(chunk: ChunkTask, attempt = 1): Promise<ChunkReply> {
    try {
      return await this.#pool.run(chunk);
    } catch (thrown) {
      const death = threadFaultDetails(thrown);
      if (death === undefined) throw explained(thrown);
      if (chunk.items.length > 1) return await this.#piecewise(chunk, death, attempt);
      return attempt === 1 ? await this.run(chunk, attempt + 1) : lost(thrown, death);
    }
  }

  /** Lets the threads clean up and ends them. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Ends the threads at once. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  /** The items before the one to blame, that one, and those behind it; halves, where nobody knows which it is. */
  async #piecewise(chunk: ChunkTask, { recordIndex }: ThreadFaultDetails, attempt: number): Promise<ChunkReply> {
    const { length } = chunk.items;
    if (recordIndex === null) {
      if (attempt === 1) return await this.run(chunk, attempt + 1);
      const middle = length >>> 1;
      return joined([
        [0, await this.run(part(chunk, 0, middle))],
        [middle, await this.run(part(chunk, middle, length))],
      ]);
    }
    const behind = recordIndex + 1;
    const pieces: [number, ChunkReply][] = [];
    if (recordIndex > 0) pieces.push([0, await this.run(part(chunk, 0, recordIndex))]);
    pieces.push([recordIndex, await this.run(part(chunk, recordIndex, behind), 2)]);
    if (behind < length) pieces.push([behind, await this.run(part(chunk, behind, length))]);
    return joined(pieces);
  }
}

function part({ items, first }: ChunkTask, begin: number, end: number): ChunkTask {
  return { items: items.slice(begin, end), first: first + begin };
}

function joined(pieces: readonly (readonly [offset: number, ChunkReply])[]): ChunkReply {
  return {
    results: pieces.flatMap(([, { results }]) => [...results]),
    failures: pieces.flatMap(([offset, { failures }]) => failures.map(({ at, error }) => ({ at: offset + at, error }))),
  };
}

/** The failure of an item that ended its thread twice. */
function lost(cause: unknown, { kind }: ThreadFaultDetails): ChunkReply {
  const code = kind === "hang" ? "TRANSFORM_TIMEOUT" : "TRANSFORM_CRASHED";
  const error = packError(new MillraceError(code, WHAT_HAPPENED[kind], { cause }));
  return { results: [], failures: [{ at: 0, error }] };
}

const WHAT_HAPPENED: Readonly<Record<ThreadFaultKind, string>> = {
  crash: "it ended its thread, twice",
  hang: "it took longer than the timeout, twice",
  memory: "its thread ran out of memory, twice",
};

function explained(thrown: unknown): unknown {
  const { cause } = thrown instanceof MillraceError ? thrown : { cause: undefined };
  const refused = cause instanceof DOMException && cause.name === "DataCloneError";
  return refused ? immovable(cause.message, cause) : thrown;
}
