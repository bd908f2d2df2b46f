/** Reads job files: YAML, JSON, or a module that exports what `defineJob` returns. */
import { access } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../core/errors.ts";
import { languageOf, readConfigFile, unreadable } from "./config-file.ts";
import { DEFINE_JOB_LABEL } from "./define-job.ts";
import type { JobDefinition } from "./definition.ts";
import { type ImportOptions, importModule } from "./import-module.ts";
import type { Job } from "./job.ts";
import { loadModules } from "./load-modules.ts";
import { NO_PLACES } from "./place.ts";
import { type Problem, problemsError } from "./problem.ts";
import { readJob, type RunValues } from "./read-job.ts";
import { isRuntimeConfig } from "./runtime-shape.ts";

/**
 * The job in a file; its relative paths start from the file's folder.
 *
 * @param file `.yaml`, `.yml`, `.json`, or a module `.ts`, `.mts`, `.js`, `.mjs` with a job as its default export
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID, VARIABLE_UNSET, NOT_BUILT
 */
export async function loadJob(file: string, values: RunValues = {}, options: ImportOptions = {}): Promise<Job> {
  return readJob(await loadModules(await readDefinition(file, options), options), values);
}

async function readDefinition(file: string, options: ImportOptions): Promise<JobDefinition> {
  const language = languageOf(file);
  if (language !== undefined) {
    const written = await readConfigFile(file, language);
    if (!isRuntimeConfig(written.config)) return written;
    throw invalid(file, "a runtime file, not a job; name one of its jobs, or run all of them with millrace daemon");
  }
  if (!/\.m?[jt]s$/.test(file)) {
    throw new MillraceError(
      "CONFIG_UNREADABLE",
      `${file}: not a job file; allowed: .yaml, .yml, .json, .ts, .mts, .js, .mjs`,
    );
  }
  const absolute = path.resolve(file);
  return {
    label: file,
    file: absolute,
    baseDir: path.dirname(absolute),
    ...(await importConfig(file, options)),
    places: NO_PLACES,
  };
}

/** The config in a module's default export; the job there may have been made by another copy of this package. */
async function importConfig(
  file: string,
  options: ImportOptions,
): Promise<Pick<JobDefinition, "config"> & Partial<JobDefinition>> {
  const module = await importJob(file, options);
  const exported = module.default;
  if (typeof exported === "function") {
    throw invalid(
      file,
      "the default export is a function; a job file exports defineJob({...}), a transform is named by its job",
    );
  }
  if (typeof exported !== "object" || exported === null) {
    throw invalid(file, "no job in the default export; write: export default defineJob({...})");
  }
  if (!("definition" in exported)) return { config: exported };
  const { config, baseDir, baseDirGiven = false } = (exported as Job).definition;
  return baseDirGiven ? { config, baseDir } : { config };
}

async function importJob(file: string, options: ImportOptions): Promise<{ readonly default?: unknown }> {
  // Asked first: an import that fails does not always say whether the module itself was missing or one that it imports.
  await access(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    return await importModule<{ readonly default?: unknown }>(file, options);
  } catch (thrown) {
    const problems = problemsOf(thrown);
    if (problems !== undefined) throw problemsError(problems.map((problem) => inFile(problem, file)));
    const reason = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    throw new MillraceError("CONFIG_UNREADABLE", `${file}: the module does not load: ${reason}`, { cause: thrown });
  }
}

function problemsOf(thrown: unknown): readonly Problem[] | undefined {
  const { details } = thrown instanceof Error ? (thrown as Partial<MillraceError>) : {};
  return Array.isArray(details?.["problems"]) ? (details["problems"] as Problem[]) : undefined;
}

function inFile(problem: Problem, file: string): Problem {
  return problem.file === DEFINE_JOB_LABEL ? { ...problem, file } : problem;
}

function invalid(file: string, message: string): MillraceError {
  return problemsError([{ code: "CONFIG_INVALID", file, line: null, column: null, path: "", message }]);
}
