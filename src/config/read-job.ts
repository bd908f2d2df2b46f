/** Makes a job of its definition: fills variables, holds it against the shape and the rules, tells every mistake at once. */
import { type JobDefinition } from "./definition.ts";
import { type Job, toJob } from "./job.ts";
import { jobShape, type ParsedJob } from "./job-shape.ts";
import { withModuleOptions } from "./module-options.ts";
import { notBuiltFindings } from "./not-built.ts";
import { type ConfigKind, readConfig } from "./read-config.ts";
import { ruleFindings } from "./rules.ts";
import { needsRunValues } from "./variables.ts";

/** What a run adds to a job's definition. */
export interface RunValues {
  /** Parameters for `${param.NAME}`; undefined leaves those open. */
  readonly params?: { readonly [name: string]: string } | undefined;
  /** The nominal time for `${slot.date}` and `${slot.time}`; null: there is none; undefined leaves those open. */
  readonly slot?: string | null | undefined;
  /** The process's own when absent. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined;
}

const JOB: ConfigKind<ParsedJob> = {
  shape: jobShape,
  runs: true,
  rules: (config) => [...ruleFindings(config), ...notBuiltFindings(config)],
  refine(parsed) {
    const { job, findings } = withModuleOptions(parsed);
    return { parsed: job, findings };
  },
};

/**
 * The job of a definition.
 *
 * @throws MillraceError CONFIG_INVALID, VARIABLE_UNSET or NOT_BUILT with `details.problems`
 */
export function readJob(definition: JobDefinition, values: RunValues = {}): Job {
  const { params, slot, environment = process.env } = values;
  return toJob(readConfig(definition, { environment, params, slot }, JOB), definition);
}

/**
 * The same job with a run's parameters and slot filled in; the job itself when it asks for none.
 *
 * @throws MillraceError VARIABLE_UNSET when it asks for one that the run does not have
 */
export function jobForRun(job: Job, values: Pick<RunValues, "params" | "slot" | "environment">): Job {
  if (!needsRunValues(job.definition.config)) return job;
  const { params = {}, slot = null, environment } = values;
  return readJob(job.definition, { params, slot, environment });
}
