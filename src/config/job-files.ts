/** Finds the job files that a runtime file names. */
import { statSync } from "node:fs";
import { glob } from "node:fs/promises";
import path from "node:path";
import type { RuntimeConfig } from "./runtime.ts";
import { locate, type Problem } from "./problem.ts";
import type { WrittenConfig } from "./definition.ts";

/** What was found, in the order of the patterns and then of the names, each file once. */
export interface JobFiles {
  /** As messages spell them: from where the runtime file's own name starts. */
  readonly files: readonly string[];
  /** Patterns that find nothing, folders. */
  readonly problems: readonly Problem[];
}

/** The files of `jobs`; the runtime file itself is none of them, though a glob may meet it. */
export async function findJobFiles(
  { jobs }: Pick<RuntimeConfig, "jobs">,
  runtime: WrittenConfig & { readonly file: string },
): Promise<JobFiles> {
  const { label, baseDir, file, places, config } = runtime;
  const files = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [index, pattern] of jobs.entries()) {
    const found = await matchesOf(pattern, baseDir);
    const others = found.filter((name) => path.resolve(baseDir, name) !== file);
    const message = others.length === 0 ? nothingFound(pattern, found) : folderAmong(others, baseDir);
    const at = isList(config) ? ["jobs", index] : ["jobs"];
    if (message !== undefined)
      problems.push(locate({ code: "CONFIG_INVALID", path: at, at: "value", message }, label, places));
    for (const name of others) {
      const absolute = path.resolve(baseDir, name);
      if (!files.has(absolute)) files.set(absolute, spelled(name, label));
    }
  }
  return { files: [...files.values()], problems };
}

/** A path that exists is that file even if it looks like a glob. */
async function matchesOf(pattern: string, baseDir: string): Promise<readonly string[]> {
  if (statSync(path.resolve(baseDir, pattern), { throwIfNoEntry: false }) !== undefined) return [pattern];
  return (await Array.fromAsync(glob(pattern, { cwd: baseDir }))).toSorted();
}

function nothingFound(pattern: string, found: readonly string[]): string {
  if (found.length > 0) return `${pattern} finds this file alone; name the job files`;
  return `no job file matches ${pattern}; paths and globs start from this file's folder`;
}

function folderAmong(names: readonly string[], baseDir: string): string | undefined {
  const folder = names.find((name) => statSync(path.resolve(baseDir, name), { throwIfNoEntry: false })?.isDirectory());
  return folder === undefined ? undefined : `${folder} is a folder; write ${path.join(folder, "*.yaml")}`;
}

function isList(config: unknown): boolean {
  return Array.isArray((config as { readonly jobs?: unknown }).jobs);
}

function spelled(name: string, label: string): string {
  return path.isAbsolute(name) ? name : path.join(path.dirname(label), name);
}
