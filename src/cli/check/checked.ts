/** What `millrace check` knows of the files that it was given: jobs, and runtime files with the jobs they name. */
import path from "node:path";
import { setProblems } from "../../config/job-set.ts";
import type { Job } from "../../config/job.ts";
import { isRuntimeFile, readRuntime, type RuntimeFile } from "../../config/load-runtime.ts";
import { loadJob } from "../../config/load.ts";
import { problemsError } from "../../config/problem.ts";
import type { RunValues } from "../../config/read-job.ts";
import { MillraceError } from "../../core/errors.ts";
import { promiseOf, type SinkPromise } from "../../pipeline/promise.ts";

/** How one side of a job's codec works, and the functions that were generated for it. */
export interface CheckedCodec {
  readonly what: string;
  readonly how: string;
  readonly code: readonly string[];
}

/** A job file without a fault. */
export interface CheckedJob {
  readonly file: string;
  readonly job: Job;
  readonly promises: readonly SinkPromise[];
  /** What a look at files and servers found. */
  readonly connected: readonly string[];
  /** What a look at the codec found. */
  readonly codec: readonly CheckedCodec[];
}

/** A file with faults. */
interface FaultyFile {
  readonly file: string;
  readonly error: unknown;
}

/** What is known of one job file. */
export type Checked = CheckedJob | FaultyFile;

/** A runtime file, which may be right while its jobs are not. */
export type CheckedRuntime = { readonly file: string; readonly runtime: RuntimeFile } | FaultyFile;

/** All that was checked. */
export interface Checks {
  readonly runtimes: readonly CheckedRuntime[];
  readonly jobs: readonly Checked[];
}

/** How files are looked at. */
export interface CheckOptions {
  readonly values: RunValues;
  /** Looks at what a job reads and writes; absent: nobody does. */
  readonly lookAround?: (job: Job) => Promise<readonly string[]>;
  /** Looks at what is generated for a job; absent: nobody does. */
  readonly showCodec?: (job: Job) => Promise<readonly CheckedCodec[]>;
}

/** Checks every file once; a mistake in one does not hide those in the others. */
export async function checkFiles(given: readonly string[], options: CheckOptions): Promise<Checks> {
  const runtimes: CheckedRuntime[] = [];
  const jobFiles = new Map<string, string>();
  for (const file of given) {
    const runtime = (await isRuntimeFile(file)) ? await checkRuntime(file, options.values) : undefined;
    if (runtime !== undefined) runtimes.push(runtime);
    for (const name of runtime === undefined ? [file] : jobFilesOf(runtime)) {
      const absolute = path.resolve(name);
      if (!jobFiles.has(absolute)) jobFiles.set(absolute, name);
    }
  }
  const jobs: Checked[] = [];
  for (const file of jobFiles.values()) jobs.push(await checkJob(file, options, jobs));
  return { runtimes, jobs: runtimes.reduce(withChains, jobs) };
}

async function checkRuntime(file: string, values: RunValues): Promise<CheckedRuntime> {
  try {
    return { file, runtime: await readRuntime(file, values) };
  } catch (error) {
    return { file, error };
  }
}

async function checkJob(
  file: string,
  { values, lookAround, showCodec }: CheckOptions,
  before: readonly Checked[],
): Promise<Checked> {
  try {
    const job = await loadJob(file, values);
    const twin = before.find((other) => "job" in other && other.job.name === job.name);
    if (twin !== undefined) {
      throw new MillraceError(
        "CONFIG_INVALID",
        `${file}: name: ${job.name} is the name of ${twin.file} too; names have to differ`,
      );
    }
    const connected = (await lookAround?.(job)) ?? [];
    return { file, job, promises: promiseOf(job), connected, codec: (await showCodec?.(job)) ?? [] };
  } catch (error) {
    return { file, error };
  }
}

/** Chains and addresses are a runtime's: a job alone may come after one that runs elsewhere. */
function withChains(jobs: readonly Checked[], runtime: CheckedRuntime): Checked[] {
  const files = new Set(jobFilesOf(runtime).map((file) => path.resolve(file)));
  const ours = jobs.filter(({ file }) => files.has(path.resolve(file)));
  const loaded = ours.flatMap((one) => ("job" in one ? [one.job] : []));
  // A chain may lead to one that could not be read.
  const problems = loaded.length < ours.length ? [] : setProblems(loaded);
  return jobs.map((one) => {
    const own = problems.filter(({ file }) => file === one.file);
    return own.length === 0 ? one : { file: one.file, error: problemsError(own) };
  });
}

function jobFilesOf(checked: CheckedRuntime): readonly string[] {
  return "runtime" in checked ? checked.runtime.jobFiles : [];
}
