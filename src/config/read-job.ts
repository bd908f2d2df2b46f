/** Makes a job of its definition: fills variables, holds it against the shape and the rules, tells every mistake at once. */
import { type JobDefinition } from "./definition.ts";
import { allowedKeys, findingsOf } from "./findings.ts";
import { type Job, toJob } from "./job.ts";
import { jobShape, type ParsedJob } from "./job-shape.ts";
import { notBuiltFindings } from "./not-built.ts";
import { withModuleOptions } from "./module-options.ts";
import { pathKey, valueAt, withValueAt } from "./place.ts";
import { type Finding, locate, problemsError } from "./problem.ts";
import { ruleFindings } from "./rules.ts";
import { type Shown, shownWith } from "./shown.ts";
import { fillVariables, needsRunValues } from "./variables.ts";

/** What a run adds to a job's definition. */
export interface RunValues {
  /** Parameters for `${param.NAME}`; undefined leaves those open. */
  readonly params?: { readonly [name: string]: string } | undefined;
  /** The nominal time for `${slot.date}` and `${slot.time}`; null: there is none; undefined leaves those open. */
  readonly slot?: string | null | undefined;
  /** The process's own when absent. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined;
}

/**
 * The job of a definition.
 *
 * @throws MillraceError CONFIG_INVALID, VARIABLE_UNSET or NOT_BUILT with `details.problems`
 */
export function readJob(definition: JobDefinition, values: RunValues = {}): Job {
  const { baseDir, label, places } = definition;
  const { params, slot, environment = process.env } = values;
  const filled = fillVariables(definition.config, { environment, params, slot, baseDir });
  const shown = shownWith(filled.sources);
  const unset = new Set(filled.findings.map(({ path }) => pathKey(path)));
  const parsed = parse(filled.config, filled.sources, shown);
  const findings = [...parsed.findings, ...ruleFindings(filled.config), ...notBuiltFindings(filled.config)]
    .filter(({ path }) => !unset.has(pathKey(path)))
    .map((finding) => (filled.waiting.has(pathKey(finding.path)) ? waitingFinding(finding) : finding));
  const all = [...filled.findings, ...findings];
  if (parsed.job === undefined || all.length > 0)
    throw problemsError(all.map((finding) => locate(finding, label, places)));
  return toJob(parsed.job, definition);
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

interface Parsed {
  readonly job?: ParsedJob;
  readonly findings: readonly Finding[];
}

/** Parses; what a variable put into the place of a number or a boolean is tried again as one. */
function parse(config: unknown, sources: ReadonlyMap<string, string>, shown: Shown): Parsed {
  const first = parseOnce(config, shown);
  const texts = first.findings.map(({ path }) => path).filter((path) => sources.has(pathKey(path)));
  const typed = texts.reduce((changed, path) => withValueAt(changed, path, typedScalar(valueAt(config, path))), config);
  return typed === config ? first : parseOnce(typed, shown);
}

function parseOnce(config: unknown, shown: Shown): Parsed {
  const result = jobShape.safeParse(config, { error: allowedKeys });
  if (!result.success) return { findings: findingsOf(result.error.issues, config, shown) };
  const { job, findings } = withModuleOptions(result.data);
  return findings.length === 0 ? { job, findings } : { findings };
}

function typedScalar(text: unknown): unknown {
  if (text === "true" || text === "false") return text === "true";
  return typeof text === "string" && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function waitingFinding(finding: Finding): Finding {
  const message = `${finding.message}; it waits for a value of the run: pass --param or --slot`;
  return { ...finding, code: "VARIABLE_UNSET", message };
}
