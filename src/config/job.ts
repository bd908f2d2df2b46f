/** A job as the pipeline takes it: every default filled in, every unit resolved. */
import path from "node:path";
import { isLiveType } from "../connectors/catalog.ts";
import type { Columns } from "../core/record.ts";
import type { TransformMode } from "../core/task.ts";
import type { JobDefinition } from "./definition.ts";
import type { ParsedJob } from "./job-shape.ts";

/** A source's type and its connector's parsed options. Paths are as written: the connector starts them from `baseDir`. */
export type SourceOptions = ParsedJob["source"];

/** A sink's type and its connector's parsed options. */
export type SinkOptions = NonNullable<ParsedJob["sink"]>;

/** Which code runs over the records, and how it is called. */
export interface TransformOptions {
  /** Absolute path. */
  readonly module: string;
  /** Name of the export that is called; null: the one that the mode is known by. */
  readonly export: string | null;
  /** null: the one whose function the module exports. */
  readonly mode: TransformMode | null;
  /** Calls in flight inside a chunk; mode async only. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly memoryBytes: number | null;
  readonly deterministic: boolean;
}

/** When too many rejects end the run. */
export interface ErrorLimits {
  readonly maxRejects: number | null;
  /** Share of the records read. */
  readonly maxRejectRate: number;
  /** Records before the rate counts. */
  readonly minRecords: number;
  readonly onExceed: "fail" | "pause";
}

/** How long and how often a transient fault is tried again. */
export interface RetryOptions {
  readonly forMs: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly multiplier: number;
  readonly jitter: "full" | "none";
}

/** Where chunks are cut. */
export type ChunkSize =
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "records"; readonly records: number };

/** How often progress is told where no terminal shows it. */
export type ProgressInterval =
  | { readonly kind: "time"; readonly everyMs: number }
  | { readonly kind: "records"; readonly records: number };

/** One job, ready to be described; made by `defineJob` or `loadJob` and frozen. */
export interface Job {
  readonly name: string;
  /** The folder that relative paths start from; absolute. */
  readonly baseDir: string;
  /** The file it was read from; absolute. */
  readonly file?: string;
  readonly source: SourceOptions;
  readonly columns: Columns;
  /** Fields taken from the source; null: all. */
  readonly select: readonly string[] | null;
  /** New names by old ones. */
  readonly rename: { readonly [from: string]: string };
  readonly transform: TransformOptions | null;
  readonly sinks: { readonly [name: string]: SinkOptions };
  readonly rejects: SinkOptions | null;
  readonly aggregate: ParsedJob["aggregate"] | null;
  readonly errors: ErrorLimits;
  readonly retry: RetryOptions;
  readonly chunk: ChunkSize;
  readonly commit: { readonly bytes: number; readonly intervalMs: number };
  readonly workers: number | "auto";
  readonly order: "source" | "none";
  readonly onSinkDown: "wait" | "fail";
  readonly trigger: ParsedJob["trigger"];
  readonly alerts: ParsedJob["alerts"] | null;
  readonly progress: ProgressInterval;
  readonly retention: { readonly runsMs: number; readonly rejectsMs: number; readonly rejectBytes: number };
  /** What it was made of, so that a run can fill in its own parameters and slot. */
  readonly definition: JobDefinition;
}

/** The job that a parsed config describes. */
export function toJob(parsed: ParsedJob, definition: JobDefinition): Job {
  const { baseDir, file } = definition;
  return Object.freeze({
    name: parsed.name,
    baseDir,
    ...(file === undefined ? {} : { file }),
    source: parsed.source,
    columns: parsed.columns,
    select: parsed.select ?? null,
    rename: parsed.rename,
    transform: toTransform(parsed.transform, baseDir),
    sinks: parsed.sinks ?? (parsed.sink === undefined ? {} : { sink: parsed.sink }),
    rejects: parsed.rejects ?? null,
    aggregate: parsed.aggregate ?? null,
    errors: parsed.errors,
    retry: toRetry(parsed.retry, isLive(parsed.source)),
    chunk: toChunkSize(parsed.chunk),
    commit: { bytes: parsed.commit.bytes, intervalMs: parsed.commit.interval },
    workers: parsed.workers,
    order: parsed.order,
    onSinkDown: parsed.onSinkDown,
    trigger: parsed.trigger,
    alerts: toAlerts(parsed.alerts),
    progress: toProgressInterval(parsed.progress),
    retention: toRetention(parsed.retention),
    definition,
  });
}

function toTransform(parsed: ParsedJob["transform"], baseDir: string): TransformOptions | null {
  if (parsed === undefined) return null;
  const { timeout, memory, module, export: name = null, mode = null, ...same } = parsed;
  return {
    ...same,
    module: path.resolve(baseDir, module),
    export: name,
    mode,
    timeoutMs: timeout,
    memoryBytes: memory ?? null,
  };
}

/** How long a fault that may pass is waited out; a failover takes half a minute. */
const DEFAULT_RETRY_MS = 10 * 60_000;

/** Whether processes share the source out among themselves, and it may never end. */
export function isLive(source: SourceOptions): boolean {
  if (source.type !== "module") return isLiveType(source.type);
  // The path of a connector's module is put in its place before a job runs.
  return typeof source.module !== "string" && source.module.live === true;
}

/** Whether a run of it ends only when somebody stops it. */
export function isEndless(source: SourceOptions): boolean {
  return isLive(source) && !("until" in source && source.until !== undefined);
}

function toRetry(
  { for: given, initialDelay, maxDelay, multiplier, jitter }: ParsedJob["retry"],
  isEndless: boolean,
): RetryOptions {
  const forMs = given ?? (isEndless ? Number.POSITIVE_INFINITY : DEFAULT_RETRY_MS);
  return { forMs, initialDelayMs: initialDelay, maxDelayMs: maxDelay, multiplier, jitter };
}

/** The rules have made sure that one of the two is there and that no engine is needed that does not exist. */
function toChunkSize({ size, records }: ParsedJob["chunk"]): ChunkSize {
  if (records !== undefined) return { kind: "records", records };
  return { kind: "bytes", bytes: typeof size === "number" ? size : 1024 * 1024 };
}

function toProgressInterval({ every, records }: ParsedJob["progress"]): ProgressInterval {
  return records === undefined ? { kind: "time", everyMs: every ?? 10_000 } : { kind: "records", records };
}

/** `"${ALERT_URL:-}"` leaves an empty text where there is none. */
function toAlerts(alerts: ParsedJob["alerts"]): Job["alerts"] {
  const { webhook, ...conditions } = alerts ?? {};
  if (alerts === undefined || webhook !== "") return alerts ?? null;
  return conditions;
}

function toRetention({ runs, rejects, rejectBytes }: ParsedJob["retention"]): Job["retention"] {
  return { runsMs: runs, rejectsMs: rejects, rejectBytes };
}
