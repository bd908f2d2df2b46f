/** Reads a runtime file and every job file that it names. All of them are right, or none is taken. */
import path from "node:path";
import { isMillraceError, MillraceError } from "../core/errors.ts";
import { languageOf, readConfigFile } from "./config-file.ts";
import type { Job } from "./job.ts";
import { findJobFiles } from "./job-files.ts";
import { nameProblems, setProblems } from "./job-set.ts";
import { loadJob } from "./load.ts";
import { type Problem, problemsError, problemsOf } from "./problem.ts";
import { readConfig } from "./read-config.ts";
import type { RunValues } from "./read-job.ts";
import { runtimeFindings } from "./runtime-rules.ts";
import { isRuntimeConfig, runtimeShape } from "./runtime-shape.ts";
import { type RuntimeConfig, toRuntime } from "./runtime.ts";

/** A runtime file, with its jobs still unread. */
export interface RuntimeFile {
  readonly config: RuntimeConfig;
  /** Absolute. */
  readonly file: string;
  /** The folder that its patterns start from; absolute. */
  readonly baseDir: string;
  /** As {@link loadJob} takes them. */
  readonly jobFiles: readonly string[];
}

/** A runtime file with its jobs. */
export interface LoadedRuntime {
  readonly config: RuntimeConfig;
  readonly jobs: readonly Job[];
  /** Every config file that was read, the runtime file first; absolute. */
  readonly files: readonly string[];
  /** The folder that the patterns of `config.jobs` start from; absolute. */
  readonly baseDir: string;
}

/**
 * The runtime file and all of its jobs, as they are now: loading again takes up what has changed meanwhile, in modules too.
 * What a job's parameters and slot are is left open: its runs know.
 *
 * @param file `.yaml`, `.yml` or `.json`
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID, VARIABLE_UNSET or NOT_BUILT with `details.problems` of all files
 * @example
 * const { config, jobs } = await loadRuntime("config/millrace.yaml");
 */
export async function loadRuntime(file: string, values: RunValues = {}): Promise<LoadedRuntime> {
  const { config, baseDir, jobFiles, file: absolute } = await readRuntime(file, values);
  const loaded = await Promise.all(jobFiles.map((jobFile) => attempt(jobFile, values)));
  const jobs = loaded.flatMap(({ job }) => job ?? []);
  const problems = [...loaded.flatMap(({ problems: own }) => own), ...nameProblems(jobs)];
  // A chain may lead to one of the jobs that could not be read.
  if (problems.length === 0) problems.push(...setProblems(jobs));
  if (problems.length > 0) throw problemsError(problems);
  return { config, jobs, files: [absolute, ...jobFiles.map((jobFile) => path.resolve(jobFile))], baseDir };
}

/**
 * The runtime file alone, with the names of its job files.
 *
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID, VARIABLE_UNSET or NOT_BUILT
 */
export async function readRuntime(file: string, { environment = process.env }: RunValues = {}): Promise<RuntimeFile> {
  const language = languageOf(file);
  if (language === undefined) {
    throw new MillraceError(
      "CONFIG_UNREADABLE",
      `${file}: not a runtime file; allowed: .yaml, .yml, .json (a program calls createRuntime instead)`,
    );
  }
  const written = await readConfigFile(file, language);
  const kind = { shape: runtimeShape, rules: runtimeFindings, runs: false };
  const parsed = readConfig(written, { environment, params: undefined, slot: undefined }, kind);
  const config = toRuntime(parsed, written.baseDir);
  const { files, problems } = await findJobFiles(config, written);
  if (problems.length > 0) throw problemsError(problems);
  return { config, file: written.file, baseDir: written.baseDir, jobFiles: files };
}

/** Whether a file is a runtime file and no job. What cannot be read is none; whoever reads it as a job says why. */
export async function isRuntimeFile(file: string): Promise<boolean> {
  const language = languageOf(file);
  if (language === undefined) return false;
  return readConfigFile(file, language).then(
    ({ config }) => isRuntimeConfig(config),
    () => false,
  );
}

async function attempt(
  file: string,
  values: RunValues,
): Promise<{ readonly job?: Job; readonly problems: readonly Problem[] }> {
  try {
    return { job: await loadJob(file, values, { fresh: true }), problems: [] };
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    return { problems: problemsOf(thrown, file) };
  }
}
