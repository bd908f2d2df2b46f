/** `millrace run`: one run to its end. */
import { loadJob } from "../../config/load.ts";
import { placeError } from "../../config/place-error.ts";
import { MillraceError } from "../../core/errors.ts";
import type { RunJobOptions } from "../../pipeline/run-options.ts";
import type { DryRunRecord } from "../dry-run/dry-run-record.ts";
import { exitCodeOfError, exitCodeOfState } from "../exit-codes.ts";
import { parseLimit, parseParams, parseSlot, refuseLater } from "../options.ts";
import { reportError } from "../report-error.ts";
import { runReporter } from "../run-reporter.ts";
import { listenForSignals } from "../signals.ts";
import { stateOf } from "../state-place.ts";
import type { CliProcess } from "../terminal.ts";
import { prepareThreadMemory } from "../thread-memory.ts";

/** The command's options, as the command line gives them. */
export interface RunFlags {
  readonly param?: readonly string[];
  readonly slot?: string;
  readonly state?: string;
  readonly restart?: boolean;
  readonly keepWritten?: boolean;
  readonly resume?: string;
  readonly acceptRejects?: boolean;
  readonly limit?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
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
  const params = parseParams(flags.param ?? []);
  const slot = flags.slot === undefined ? null : parseSlot(flags.slot);
  const limit = flags.limit === undefined ? null : parseLimit(flags.limit);
  const job = await loadJob(file, { params, slot, environment: process.env });
  prepareThreadMemory(job);
  const state = stateOf(job, flags.state ?? process.env["MILLRACE_STATE"]);
  const dryRun = flags.dryRun === true ? await newDryRun() : null;
  const tell = (line: string): void => void (flags.quiet === true || process.stderr.write(`${line}\n`));
  using signals = listenForSignals(process, tell);
  const about = { json: flags.json === true, quiet: flags.quiet === true, limited: limit !== null, dryRun };
  using reporter = await runReporter({ job, ...about }, process);
  try {
    const { runJob } = await import("../../pipeline/run-job.ts");
    const summary = await runJob(job, {
      ...flagOptions(flags),
      ...(slot === null ? {} : { slot }),
      ...(limit === null ? {} : { limit }),
      ...(dryRun === null ? {} : { dryRun }),
      params,
      state,
      stateThreadAfterMs: STATE_THREAD_AFTER_MS,
      signal: signals.graceful,
      kill: signals.kill,
      observers: reporter.observers,
    });
    reporter.end(summary);
    return exitCodeOfState(summary.state, signals.received);
  } catch (thrown) {
    reporter[Symbol.dispose]();
    reportError(placeError(thrown, job), process);
    return exitCodeOfError(thrown, signals.received);
  }
}

async function newDryRun(): Promise<DryRunRecord> {
  const { DryRunRecord } = await import("../dry-run/dry-run-record.ts");
  return new DryRunRecord();
}

/** A run that is over before the store gets a thread of its own does without one. */
const STATE_THREAD_AFTER_MS = 1_000;

function flagOptions({ resume, ...flags }: RunFlags): RunJobOptions {
  const { restart = false, keepWritten = false, acceptRejects = false, wait = false } = flags;
  return { restart, keepWritten, acceptRejects, wait, ...(resume === undefined ? {} : { resume }) };
}

function refuseContradictions({ keepWritten, restart, resume, limit, dryRun }: RunFlags): void {
  if (keepWritten === true && restart !== true) throw usage("--keep-written goes with --restart only");
  if (restart === true && resume !== undefined) throw usage("--restart and --resume exclude each other");
  const begins = limit !== undefined ? "--limit" : dryRun === true ? "--dry-run" : null;
  if (begins === null || (restart !== true && resume === undefined)) return;
  throw usage(
    `${begins} is a run of its own that begins at the start; leave out ${restart === true ? "--restart" : "--resume"}`,
  );
}

function usage(message: string): MillraceError {
  return new MillraceError("USAGE", message);
}
