/** The first step: a job becomes a plan. Pure: nothing is opened, read or loaded. */
import type { Job, SinkOptions } from "../config/job.ts";
import { formatOfPath } from "../connectors/file/options.ts";
import { MillraceError } from "../core/errors.ts";
import type { DecodeSpec } from "../core/ports/format.ts";
import type { TransformSpec } from "../core/task.ts";

/** One sink of a plan. */
export interface SinkPlan {
  readonly name: string;
  readonly type: string;
  readonly options: SinkOptions;
}

/** A `rejects` that this release builds. */
export type RejectsPlan = Extract<SinkOptions, { readonly type: "file" }>;

/** What a job means, as data. */
export interface Plan {
  readonly job: Job;
  readonly decode: DecodeSpec;
  readonly transform: TransformSpec | null;
  readonly sinks: readonly SinkPlan[];
  /** The file that rejects go to; null: the default place. */
  readonly rejects: RejectsPlan | null;
}

/**
 * Says what a job means.
 *
 * @throws MillraceError CONFIG_INVALID when no format can be told, NOT_BUILT for what a later release builds
 */
export function describe(job: Job): Plan {
  return {
    job,
    decode: decodeSpec(job),
    transform: job.transform === null ? null : { module: job.transform.module, export: job.transform.export },
    sinks: Object.entries(job.sinks).map(([name, options]) => ({ name, type: options.type, options })),
    rejects: rejectsPlan(job),
  };
}

function decodeSpec({ name, source, columns }: Job): DecodeSpec {
  if (source.type !== "file") {
    throw new MillraceError(
      "NOT_BUILT",
      `${name}: source.type: ${source.type}: not built in this release; built now: file`,
    );
  }
  const first = typeof source.path === "string" ? source.path : (source.path[0] ?? "");
  const format = source.format ?? formatOfPath(first);
  if (format === undefined) {
    throw new MillraceError(
      "CONFIG_INVALID",
      `${name}: source.format: the name ${first} does not tell the format; set it to csv or jsonl`,
    );
  }
  const options = format === "csv" ? (source.csv ?? {}) : {};
  return { format, options, columns, maxRecordBytes: source.maxRecordBytes };
}

function rejectsPlan({ name, rejects }: Job): RejectsPlan | null {
  if (rejects === null || rejects.type === "file") return rejects;
  throw new MillraceError(
    "NOT_BUILT",
    `${name}: rejects.type: ${rejects.type}: not built in this release; use type: file, or leave it out for the default place`,
  );
}
