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
  readonly memoryBytes: number | null;
  readonly clock: Clock;
}

const BYTES_PER_MEGABYTE = 1024 * 1024;

/** Starts them. */
export function startThreads(spec: TaskSpec, { threads, hangTimeoutMs, memoryBytes, clock }: ThreadOptions): TaskRunner {
  return new ThreadPool<Task, TaskReply>({
    name: spec.job,
    filename: threadEntry(import.meta.url, "../task/worker"),
    threads,
    hangTimeoutMs,
    workerData: spec,
    clock,
    ...(memoryBytes === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / BYTES_PER_MEGABYTE) } }),
  });
}
