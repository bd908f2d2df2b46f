/** Jobs as programs write them. */
import path from "node:path";
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
export function defineJob(config: JobConfig, options: DefineJobOptions = {}): Job {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const baseDirGiven = options.baseDir !== undefined;
  return readJob({ config, label: DEFINE_JOB_LABEL, baseDir, baseDirGiven, places: NO_PLACES });
}
