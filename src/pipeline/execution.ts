/** What one execution of a run works with, whatever happens to its actors. */
import type { SinkColumns } from "../actors/column-agreement.ts";
import type { Emit } from "../actors/messages.ts";
import type { RejectLimitOptions } from "../actors/reject-limits.ts";
import type { Clock } from "../core/clock.ts";
import type { Splitter } from "../core/ports/format.ts";
import type { RejectStore } from "../core/ports/reject-store.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import type { TaskRunner, TaskSpec } from "../core/task.ts";
import type { BufferPool } from "../runtime/buffer-pool.ts";
import type { MemoryBudget } from "../runtime/memory-budget.ts";
import type { Earlier } from "./earlier.ts";
import type { BoundPlan } from "./resolve.ts";
import type { StartedRun } from "./run-identity.ts";

/** The world around a run: everything that a simulation replaces. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly state: StateStore;
  readonly budget: MemoryBudget;
  readonly buffers: BufferPool;
  readonly threads: number;
  /** Makes the worker threads for one start of the actors. */
  readonly startThreads: (spec: TaskSpec) => TaskRunner;
}

/** One execution. */
export interface Execution extends World {
  readonly bound: BoundPlan;
  /** What earlier runs of an incremental job left. */
  readonly earlier: Earlier;
  /** Leaves an incremental job's source only what is new; the first call does it. */
  continueSource(): Promise<void>;
  readonly run: StartedRun;
  /** As {@link Stops} has it. */
  readonly confirm: () => Promise<void>;
  readonly splitter: Splitter;
  /** null: rejects without limit. */
  readonly limits: RejectLimitOptions | null;
  readonly rejects: RejectStore | null;
  readonly emit: Emit;
  /** Output columns found so far. */
  readonly columns: SinkColumns;
  /** Keeps newly found output columns with the run. */
  keepColumns(columns: SinkColumns): Promise<void>;
  /** Tells that a sink's positions advanced. */
  onCommitted(sink: string, progress: readonly Progress[]): void;
}
