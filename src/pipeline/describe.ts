/** The first step: a job becomes a plan. Pure: nothing is opened, read or loaded. */
import type { Job, SinkOptions, SourceOptions } from "../config/job.ts";
import { formatOfPath } from "../connectors/file/options.ts";
import { isStreamed } from "../connectors/http/source-options.ts";
import { MillraceError } from "../core/errors.ts";
import type { DecodeSpec } from "../core/ports/format.ts";
import type { TransformSpec } from "../core/task.ts";
import { assertReadableAlone } from "./message-format.ts";
import { assertPathsApart } from "./paths-apart.ts";
import { assertTopicsApart } from "./topics-apart.ts";

/** One sink of a plan. */
export interface SinkPlan {
  readonly name: string;
  readonly type: string;
  readonly options: SinkOptions;
}

/** A `rejects` that this release builds. */
export type RejectsPlan = Extract<SinkOptions, { readonly type: "file" | "kafka" | "http" }>;

/** What a job means, as data. */
export interface Plan {
  readonly job: Job;
  readonly decode: DecodeSpec;
  readonly transform: TransformSpec | null;
  readonly sinks: readonly SinkPlan[];
  /** The file, the topic or the server that rejects go to; null: the default place. */
  readonly rejects: RejectsPlan | null;
}

/**
 * Says what a job means.
 *
 * @throws MillraceError CONFIG_INVALID when no format can be told or two files or topics may be one, NOT_BUILT for what a later release builds
 */
export function describe(job: Job): Plan {
  assertPathsApart(job);
  assertTopicsApart(job);
  return {
    job,
    decode: decodeSpec(job),
    transform: transformSpec(job),
    sinks: Object.entries(job.sinks).map(([name, options]) => ({ name, type: options.type, options })),
    rejects: rejectsPlan(job),
  };
}

function transformSpec({ transform }: Job): TransformSpec | null {
  if (transform === null) return null;
  const { module, export: name, mode, concurrency, timeoutMs } = transform;
  return { module, export: name, mode, concurrency, timeoutMs };
}

function decodeSpec(job: Job): DecodeSpec {
  const { name, source } = job;
  if (source.type === "http") return specOf(job, source, formatOfReplies(source));
  // Each of the records was taken out of its body; it is a JSON value by itself.
  if (source.type === "webhook") return specOf(job, source, "jsonl");
  // the types of its columns are known once the table was looked at
  if (source.type === "postgres") return specOf(job, { maxRecordBytes: source.maxRecordBytes }, "pg-copy");
  if (source.type === "kafka") {
    assertReadableAlone(source, name);
    return specOf(job, source, source.format);
  }
  const format = source.format ?? ownFormat(source);
  if (format === undefined) {
    throw new MillraceError(
      "CONFIG_INVALID",
      `${name}: source.format: ${toldBy(source)} does not tell the format; set it to csv, jsonl, json or text`,
    );
  }
  return specOf(job, source, format);
}

type Readable<Type = "file" | "module"> = Extract<SourceOptions, { readonly type: Type }>;

function specOf(
  { columns, select, rename }: Job,
  source: Pick<Readable, "maxRecordBytes"> & Partial<Pick<Readable, "csv" | "text">>,
  format: string,
): DecodeSpec {
  const { csv, text, maxRecordBytes } = source;
  const options = (format === "csv" ? csv : format === "text" ? text : undefined) ?? {};
  const spec = { format, options, columns, maxRecordBytes };
  const isRenaming = Object.keys(rename).length > 0;
  return { ...spec, ...(select !== null && { select }), ...(isRenaming && { rename }) };
}

/** What lies in pages, or deeper in a reply, is taken out of it record by record; a JSON record is one like a line's. */
function formatOfReplies(source: Extract<SourceOptions, { readonly type: "http" }>): string {
  return source.format === "json" && !isStreamed(source) ? "jsonl" : source.format;
}

/** The format that a source has unless the job says another one. */
function ownFormat(source: Readable): string | undefined {
  return source.type === "module" ? source.module.format : formatOfPath([source.path].flat()[0] ?? "");
}

function toldBy(source: Readable): string {
  return source.type === "module" ? `connector ${source.module.name}` : `the name ${[source.path].flat()[0] ?? ""}`;
}

function rejectsPlan({ name, rejects }: Job): RejectsPlan | null {
  if (rejects === null || rejects.type === "file" || rejects.type === "kafka" || rejects.type === "http")
    return rejects;
  throw new MillraceError(
    "NOT_BUILT",
    `${name}: rejects.type: ${rejects.type}: not built in this release; use type: file, kafka or http, or leave it out for the default place`,
  );
}
