/**
 * The library's door.
 *
 * For authors of jobs: `defineJob`, `runJob`, and the types of records, transforms and results. For those who watch a
 * run: its events. For authors of connectors: the ports, and the words of `core` that they are made of.
 *
 * A transform that imports `reject` comes through here in every thread, so what runs jobs is loaded when it is called.
 */
export { defineJob, type RecordOf, type TypedJob } from "./config/define-job.ts";
export type { Job } from "./config/job.ts";
export { loadJob, runJob } from "./pipeline/lazy.ts";
export type { RunJobOptions } from "./pipeline/run-options.ts";
export type { RunProgress } from "./pipeline/run-progress.ts";
export { reject, type Rejection } from "./task/rejection.ts";
export type { ColumnChunk, ColumnResult, ColumnTransform } from "./task/column-types.ts";
export type { AsyncTransform, ChunkTransform, Transform } from "./task/transform-type.ts";
export type {
  AsyncContext,
  ChunkContext,
  MessageInfo,
  SetupContext,
  TeardownContext,
  TransformContext,
} from "./task/transform-context.ts";

export { ERROR_CODES, type ErrorCode, type FaultClass, isMillraceError, MillraceError } from "./core/errors.ts";
export type { Column, ColumnType, DataRecord, Value } from "./core/record.ts";
export type { Reject, RejectStage } from "./core/reject.ts";
export type { Bottleneck, RunSummary } from "./core/summary.ts";

export type { Observer, RunEvent, RunEventKind } from "./core/ports/observer.ts";
export { createRuntime } from "./daemon/lazy.ts";
export type {
  JobStatus,
  RunObject,
  Runtime,
  RuntimeOptions,
  RunsWish,
  TriggeredRun,
  TriggerOptions,
} from "./daemon/runtime-api.ts";
export type { AdminOptions } from "./daemon/http/admin-options.ts";
export { metrics } from "./observability/metrics.ts";
export { logRuntime } from "./observability/logger.ts";
export { spans, type SpansOptions } from "./observability/spans.ts";

export type * from "./core/ports/format.ts";
export type * from "./core/ports/sink.ts";
export type * from "./core/ports/source.ts";
export type * from "./core/ports/state-store.ts";
export type * from "./core/ports/schedule-store.ts";
export type { HostEvent, RuntimeEvent, RuntimeObserver } from "./core/ports/runtime-events.ts";
export type { Clock } from "./core/clock.ts";
export type { Counts } from "./core/ledger.ts";
export type { Position, ProgressKey } from "./core/position.ts";
