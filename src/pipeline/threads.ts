/** The worker threads of a run: a pool of real ones. */
import type { Clock } from "../core/clock.ts";
import type { Task, TaskReply, TaskRunner, TaskSpec } from "../core/task.ts";
import { threadEntry } from "../core/thread-entry.ts";
import { ThreadPool } from "../runtime/threads/index.ts";

/** What the threads of a run are like. */
export interface ThreadOptions {
  readonly threads: number;
  /** A record that takes longer has its thread ended, milliseconds. */
  readonly hangTimeoutMs: number;
  /** Bytes of JavaScript objects that a thread may hold; null: a gigabyte. */
  readonly memoryBytes: number | null;
  readonly clock: Clock;
}

const BYTES_PER_MEGABYTE = 1024 * 1024;
/**
 * A thread's records die young. A young generation of this size holds a chunk's worth of them; the engine's own default
 * lets every thread grow three times as large for nothing that could be measured.
 */
const YOUNG_GENERATION_MEGABYTES = 8;
/** By this limit the engine also judges when to collect: with the default of 4 GiB a thread piles up 100 MB of garbage. */
const DEFAULT_MEMORY_BYTES = 1024 * BYTES_PER_MEGABYTE;

/** Starts them. */
export function startThreads(
  spec: TaskSpec,
  { threads, hangTimeoutMs, memoryBytes, clock }: ThreadOptions,
): TaskRunner {
  return new ThreadPool<Task, TaskReply>({
    name: spec.job,
    filename: threadEntry(import.meta.url, "../task/worker"),
    threads,
    hangTimeoutMs,
    workerData: spec,
    clock,
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MEGABYTES,
      maxOldGenerationSizeMb: Math.ceil((memoryBytes ?? DEFAULT_MEMORY_BYTES) / BYTES_PER_MEGABYTE),
    },
  });
}
