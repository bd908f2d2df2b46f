/** The result of a run: the object of `run --json`, of `runJob` and of the API, with the keys of CONTRACT. */
import type { ErrorCode } from "./errors.ts";
import type { Counts } from "./ledger.ts";
import type { RunState } from "./ports/state-store.ts";
import type { StageName, StageTimes } from "./timing.ts";

/** What limits a run. */
export type BottleneckKind = "cpu" | "memory" | "io" | "database" | "source" | "transform" | "none";

/** The stage that limited the run, and what to do about it. */
export interface Bottleneck {
  readonly stage: StageName;
  readonly kind: BottleneckKind;
  /** Share of the run's time that the stage was busy, 0 to 1. */
  readonly busy: number;
  readonly advice: string;
}

/** How many rejects of a stage and code, with one of their messages; beyond CONTRACT, for the summary that people read. */
export interface RejectGroup {
  readonly stage: string;
  readonly code: string;
  readonly count: number;
  readonly example: string;
}

/** How often something was tried again for one reason; beyond CONTRACT. */
export interface RetryGroup {
  readonly stage: StageName;
  /** The sink that could not be reached. */
  readonly sink?: string;
  /** An SQLSTATE, an errno, an HTTP status or one of our codes. */
  readonly reason: string;
  readonly count: number;
  readonly example: string;
}

/** How often a sink was paused by its breaker because its server failed; beyond CONTRACT. */
export interface BreakerPause {
  readonly sink: string;
  readonly opened: number;
  /** All of them together. */
  readonly openMs: number;
  /** Why, the last time. */
  readonly reason: string | null;
}

/** The object of `run --json`. Top-level counts are those of the sink with the fewest written. */
export interface RunSummary extends Omit<Counts, "bytes"> {
  readonly job: string;
  readonly run: string;
  readonly state: Exclude<RunState, "running">;
  readonly balanced: boolean;
  /** Each sink's share of the ledger. */
  readonly sinks: { readonly [name: string]: Counts };
  readonly resumed: boolean;
  readonly retries: number;
  /** Why, the most frequent reason first. */
  readonly retryReasons: readonly RetryGroup[];
  readonly restarts: number;
  /** The sinks whose breakers opened; absent where none did. */
  readonly breakers?: readonly BreakerPause[];
  /** Records of a live source that were still to be read when it was last asked; beyond CONTRACT, null for any other. */
  readonly lag: number | null;
  readonly durationMs: number;
  readonly recordsPerSecond: number;
  readonly bytesRead: number;
  readonly peakRssBytes: number;
  readonly gc: { readonly count: number; readonly totalMs: number; readonly maxMs: number };
  readonly eventLoopP99Ms: number;
  readonly chunkBytes: { readonly min: number; readonly max: number; readonly last: number };
  readonly stages: { readonly [S in StageName]: StageTimes };
  readonly bottleneck: Bottleneck | null;
  readonly rejects: readonly RejectGroup[];
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}
