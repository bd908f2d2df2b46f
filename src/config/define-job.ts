/** Jobs as programs write them. */
import path from "node:path";
import type { ColumnsInput, InferredRecord, NamesInput, NoFields } from "../core/inferred-record.ts";
import type { DataRecord } from "../core/record.ts";
import type { Job } from "./job.ts";
import type { JobConfig } from "./job-shape.ts";
import { NO_PLACES } from "./place.ts";
import { readJob } from "./read-job.ts";

/** What a program may say beside the config. */
export interface DefineJobOptions {
  /** The folder that relative paths start from; the working directory when absent. */
  readonly baseDir?: string;
}

/** How messages name a job that stands in no file. */
export const DEFINE_JOB_LABEL = "defineJob";

declare const RECORD: unique symbol;

/** A job whose declared columns TypeScript knows. */
export interface TypedJob<Row> extends Job {
  /** Never there; carries the type. */
  readonly [RECORD]?: Row;
}

/**
 * The records that a job's transform is given: its declared columns, under their new names, and whatever else there is.
 *
 * A typed column may be null unless it is declared `nullable: false`.
 *
 * @example
 * import type { job } from "./job.ts";
 * const transform: Transform<RecordOf<typeof job>> = (order) => ({ ...order, total: order.price * order.quantity });
 */
export type RecordOf<J extends Job> =
  J extends TypedJob<infer Row> ? (unknown extends Row ? DataRecord : Row) : DataRecord;

/** A config whose columns and new names are read off what is written. */
export type TypedConfig<C extends ColumnsInput, Names extends NamesInput> = Omit<JobConfig, "columns" | "rename"> & {
  readonly columns?: C;
  readonly rename?: Names;
};

/**
 * Makes a job of the same keys that YAML and JSON have; every default is filled in.
 *
 * @throws MillraceError CONFIG_INVALID with every mistake, VARIABLE_UNSET, NOT_BUILT
 * @example
 * const job = defineJob({
 *   name: "orders",
 *   source: { type: "file", path: "orders.csv" },
 *   sink: { type: "file", path: "orders.jsonl" },
 * });
 */
export function defineJob<const C extends ColumnsInput = NoFields, const Names extends NamesInput = NoFields>(
  config: TypedConfig<C, Names>,
  options?: DefineJobOptions,
): TypedJob<InferredRecord<C, unknown, Names>>;
export function defineJob(config: JobConfig, options?: DefineJobOptions): Job;
export function defineJob(config: object, options: DefineJobOptions = {}): Job {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const baseDirGiven = options.baseDir !== undefined;
  return readJob({ config, label: DEFINE_JOB_LABEL, baseDir, baseDirGiven, places: NO_PLACES });
}
