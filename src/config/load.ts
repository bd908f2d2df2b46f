/** Reads job files: YAML, JSON, or a module that exports what `defineJob` returns. */
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../core/errors.ts";
import { DEFINE_JOB_LABEL } from "./define-job.ts";
import { parseConfig } from "./document.ts";
import type { JobDefinition } from "./definition.ts";
import type { Job } from "./job.ts";
import { loadModules } from "./load-modules.ts";
import { NO_PLACES } from "./place.ts";
import { type Problem, problemsError } from "./problem.ts";
import { readJob, type RunValues } from "./read-job.ts";

/**
 * The job in a file; its relative paths start from the file's folder.
 *
 * @param file `.yaml`, `.yml`, `.json`, or a module `.ts`, `.mts`, `.js`, `.mjs` with a job as its default export
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID, VARIABLE_UNSET, NOT_BUILT
 */
export async function loadJob(file: string, values: RunValues = {}): Promise<Job> {
  return readJob(await loadModules(await readDefinition(file)), values);
}

async function readDefinition(file: string): Promise<JobDefinition> {
  const absolute = path.resolve(file);
  const common = { label: file, file: absolute, baseDir: path.dirname(absolute) };
  switch (path.extname(file)) {
    case ".yaml":
    case ".yml":
      return { ...common, ...parseConfig(await readText(file), file, "yaml") };
    case ".json":
      return { ...common, ...parseConfig(await readText(file), file, "json") };
    case ".ts":
    case ".mts":
    case ".js":
    case ".mjs":
      return { ...common, ...(await importConfig(file)), places: NO_PLACES };
    default:
      throw new MillraceError(
        "CONFIG_UNREADABLE",
        `${file}: not a job file; allowed: .yaml, .yml, .json, .ts, .mts, .js, .mjs`,
      );
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** The config in a module's default export; the job there may have been made by another copy of this package. */
async function importConfig(file: string): Promise<Pick<JobDefinition, "config"> & Partial<JobDefinition>> {
  const module = await importModule(file);
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

async function importModule(file: string): Promise<{ readonly default?: unknown }> {
  // Asked first: an import that fails does not always say whether the module itself was missing or one that it imports.
  await access(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    return (await import(pathToFileURL(path.resolve(file)).href)) as { default?: unknown };
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

function unreadable(file: string, cause: unknown): MillraceError {
  const { code } = cause as NodeJS.ErrnoException;
  const reasons: { readonly [code: string]: string } = {
    ENOENT: "no such file",
    EACCES: "no permission to read it",
    EISDIR: "is a folder; name a job file in it",
  };
  const reason = reasons[code ?? ""] ?? `cannot be read (${code ?? "unknown error"})`;
  return new MillraceError("CONFIG_UNREADABLE", `${file}: ${reason}`, { cause });
}

function invalid(file: string, message: string): MillraceError {
  return problemsError([{ code: "CONFIG_INVALID", file, line: null, column: null, path: "", message }]);
}
