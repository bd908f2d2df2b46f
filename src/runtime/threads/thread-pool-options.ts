/** What a thread pool is made of, and what it tells. */
import type { ResourceLimits } from "node:worker_threads";
import type { Clock } from "../../core/clock.ts";
import type { ThreadFaultKind } from "./thread-fault.ts";

/** How a `ThreadPool` is made. */
export interface ThreadPoolOptions {
  /** Used in messages. */
  readonly name: string;
  /** A module whose default export was made by `serve` of `worker-side.ts`. */
  readonly filename: URL;
  readonly threads: number;
  /** More than 1 for tasks that mostly wait; 1 by default. */
  readonly tasksPerThread?: number;
  /** What `workerDataOf()` gives in the threads; structured clone. */
  readonly workerData?: unknown;
  /** A task that reports no record for this long has its thread ended; milliseconds. */
  readonly hangTimeoutMs: number;
  /** How long a thread may take to load its module, and a task to report for the first time; milliseconds. As long as a record by default. */
  readonly loadTimeoutMs?: number;
  /** How long `onClose` of the threads may take, milliseconds; 5,000 by default. */
  readonly closeTimeoutMs?: number;
  readonly clock: Clock;
  readonly resourceLimits?: ResourceLimits;
  readonly onEvent?: (event: ThreadEvent) => void;
}

/** What happens to the threads of a pool. */
export type ThreadEvent =
  | { readonly type: "started"; readonly threadId: number }
  /** Died; `load`: without having begun a task. */
  | { readonly type: "ended"; readonly threadId: number; readonly kind: ThreadFaultKind | "load" }
  /** A thread called `parentPort.postMessage(message)`. */
  | { readonly type: "message"; readonly message: unknown };

/** What a `ThreadPool` does at this moment. */
export interface ThreadPoolStats {
  /** Living threads. */
  readonly threads: number;
  /** Tasks given to a thread. */
  readonly running: number;
  /** Tasks that wait for a thread. */
  readonly queued: number;
  /** Threads that died since the pool was made. */
  readonly deaths: number;
}
