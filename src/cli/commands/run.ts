/** `millrace run`: one run to its end. */
import { isEndless } from "../../config/job.ts";
import { loadJob } from "../../config/load.ts";
import type { RunJobOptions } from "../../pipeline/run-options.ts";
import type { DryRunRecord } from "../dry-run/dry-run-record.ts";
import { parseLimit, refuseLater } from "../options.ts";
import { type ReportFlags, reportedRun } from "../reported-run.ts";
import { givenValues, type ValueFlags } from "../run-values.ts";
import type { StateFlags } from "../state-place.ts";
import type { CliProcess } from "../terminal.ts";
import { prepareThreadMemory } from "../thread-memory.ts";
import { usageError } from "../usage-error.ts";

/** The command's options, as the command line gives them. */
export interface RunFlags extends ValueFlags, StateFlags, ReportFlags {
  readonly restart?: boolean;
  readonly keepWritten?: boolean;
  readonly resume?: string;
  readonly acceptRejects?: boolean;
  readonly limit?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

/** Known, and built by later releases. */
const LATER = {
  explain: "the summary names the bottleneck",
  profile: "node --cpu-prof does it",
};

/**
 * Runs a job file and tells of it.
 *
 * @returns the exit code
 * @throws MillraceError for what is wrong with the command line or the job, before anything runs
 */
export async function runCommand(file: string, flags: RunFlags, process: CliProcess): Promise<number> {
  refuseLater(flags, LATER);
  refuseContradictions(flags);
  const values = givenValues(flags, process.env);
  const limit = flags.limit === undefined ? null : parseLimit(flags.limit);
  const job = await loadJob(file, values);
  prepareThreadMemory(job);
  const dryRun = flags.dryRun === true ? await newDryRun() : null;
  const run = { job, values, flags, limited: limit !== null, dryRun };
  const { exitCode } = await reportedRun(run, process, async (common) => {
    const { runJob } = await import("../../pipeline/run-job.ts");
    return runJob(job, {
      ...flagOptions(flags),
      ...(limit === null ? {} : { limit }),
      ...(dryRun === null ? {} : { dryRun }),
      ...common,
      stateThreadAfterMs: isEndless(job.source) ? 0 : STATE_THREAD_AFTER_MS,
    });
  });
  return exitCode;
}

async function newDryRun(): Promise<DryRunRecord> {
  const { DryRunRecord } = await import("../dry-run/dry-run-record.ts");
  return new DryRunRecord();
}

/** A run that is over before the store gets a thread of its own does without one. One that never ends may never find the moment for it. */
const STATE_THREAD_AFTER_MS = 1_000;

function flagOptions({ resume, ...flags }: RunFlags): RunJobOptions {
  const { restart = false, keepWritten = false, acceptRejects = false, wait = false } = flags;
  return { restart, keepWritten, acceptRejects, wait, ...(resume === undefined ? {} : { resume }) };
}

function refuseContradictions({ keepWritten, restart, resume, limit, dryRun }: RunFlags): void {
  if (keepWritten === true && restart !== true) throw usageError("--keep-written goes with --restart only");
  if (restart === true && resume !== undefined) throw usageError("--restart and --resume exclude each other");
  const begins = limit !== undefined ? "--limit" : dryRun === true ? "--dry-run" : null;
  if (begins === null || (restart !== true && resume === undefined)) return;
  throw usageError(
    `${begins} is a run of its own that begins at the start; leave out ${restart === true ? "--restart" : "--resume"}`,
  );
}
