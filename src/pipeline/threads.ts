/** The worker threads of a run: a pool of real ones. */
import type { TransformOptions } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { Task, TaskReply, TaskRunner, TaskSpec } from "../core/task.ts";
import { threadEntry } from "../core/thread-entry.ts";
import { ThreadPool } from "../runtime/threads/index.ts";
import { CarefulRunner } from "./careful-runner.ts";

/** What the threads of a run are like. */
export interface ThreadOptions {
  readonly threads: number;
  /** A record, or a call with several, that takes longer has its thread ended, milliseconds. */
  readonly hangTimeoutMs: number;
  /** Bytes of JavaScript objects that a thread may hold; null: a gigabyte. */
  readonly memoryBytes: number | null;
  readonly clock: Clock;
}

const HANG_TIMEOUT_MS = 30_000;
const BYTES_PER_MEGABYTE = 1024 * 1024;
/**
 * A thread's records die young. A young generation of this size holds a chunk's worth of them; the engine's own default
 * lets every thread grow three times as large for nothing that could be measured.
 */
const YOUNG_GENERATION_MEGABYTES = 8;
/** What belongs to a call in flight lives longer: as long as it is waited for. */
const CALLS_YOUNG_GENERATION_MEGABYTES = 48;
/** By this limit the engine also judges when to collect: with the default of 4 GiB a thread piles up 100 MB of garbage. */
const DEFAULT_MEMORY_BYTES = 1024 * BYTES_PER_MEGABYTE;

/** Threads, and the user's modules in them, load as slowly as the machine is busy, however quick a record has to be. */
const LOAD_TIMEOUT_MS = 30_000;
/** In mode async one chunk's last calls are waited for while the next one's are already made. */
const ASYNC_TASKS_PER_THREAD = 2;
/** A call that waits is given up by its own timer; the thread of one that blocks is ended, but not before that. */
const ASYNC_HANG_FACTOR = 2;

/** What a job says of its threads. */
export function threadOptions(transform: TransformOptions | null, threads: number, clock: Clock): ThreadOptions {
  return {
    threads,
    hangTimeoutMs: transform?.timeoutMs ?? HANG_TIMEOUT_MS,
    memoryBytes: transform?.memoryBytes ?? null,
    clock,
  };
}

/** Starts them. */
export function startThreads(
  spec: TaskSpec,
  { threads, hangTimeoutMs, memoryBytes, clock }: ThreadOptions,
): TaskRunner {
  const waits = spec.transform?.mode === "async";
  const pool = new ThreadPool<Task, TaskReply>({
    name: spec.job,
    filename: threadEntry(import.meta.url, "../task/worker"),
    threads,
    tasksPerThread: waits ? ASYNC_TASKS_PER_THREAD : 1,
    hangTimeoutMs: waits ? ASYNC_HANG_FACTOR * hangTimeoutMs : hangTimeoutMs,
    loadTimeoutMs: Math.max(LOAD_TIMEOUT_MS, hangTimeoutMs),
    workerData: spec,
    clock,
    resourceLimits: {
      maxYoungGenerationSizeMb: waits ? CALLS_YOUNG_GENERATION_MEGABYTES : YOUNG_GENERATION_MEGABYTES,
      maxOldGenerationSizeMb: Math.ceil((memoryBytes ?? DEFAULT_MEMORY_BYTES) / BYTES_PER_MEGABYTE),
    },
  });
  return waits ? new CarefulRunner(pool) : pool;
}
