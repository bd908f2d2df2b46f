/** A run as a command has it: stopped by signals, told while it lasts and at its end. */
import type { Job } from "../config/job.ts";
import { placeError } from "../config/place-error.ts";
import type { RunSummary } from "../core/summary.ts";
import type { RunJobOptions } from "../pipeline/run-options.ts";
import type { DryRunRecord } from "./dry-run/dry-run-record.ts";
import { EXIT, exitCodeOfError, exitCodeOfState } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";
import { runReporter } from "./run-reporter.ts";
import type { GivenValues } from "./run-values.ts";
import { listenForSignals } from "./signals.ts";
import { stateOf, type StateFlags } from "./state-place.ts";
import type { CliProcess } from "./terminal.ts";

/** The options of a command that tells of a run. */
export interface ReportFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What is run, and how it is told. */
export interface ReportedRun {
  readonly job: Job;
  readonly values: GivenValues;
  readonly flags: ReportFlags & StateFlags;
  /** Only the first records: a run that nothing resumes. Default false. */
  readonly limited?: boolean;
  /** What a dry run was shown; null, the default: it is a real one. */
  readonly dryRun?: DryRunRecord | null;
}

/** What came of it. */
export interface RunOutcome {
  readonly exitCode: number;
  /** null: there was nothing to run; absent: it ended with an error, which has been told. */
  readonly summary?: RunSummary | null;
}

/**
 * Starts a run with the options that each run of a command has, and tells of it.
 *
 * @param start what runs; null when there was nothing to run, of which nothing is told
 */
export async function reportedRun(
  { job, values, flags, limited = false, dryRun = null }: ReportedRun,
  process: CliProcess,
  start: (options: RunJobOptions) => Promise<RunSummary | null>,
): Promise<RunOutcome> {
  const { json = false, quiet = false } = flags;
  const state = stateOf(job, flags, process.env);
  using reporter = await runReporter({ job, json, quiet, limited, dryRun }, process);
  using signals = listenForSignals(process, (line) => reporter.tell(line));
  const { params, slot } = values;
  const { graceful: signal, kill } = signals;
  const { observers } = reporter;
  try {
    const summary = await start({ params, ...(slot === null ? {} : { slot }), state, signal, kill, observers });
    if (summary === null) return { exitCode: EXIT.done, summary };
    reporter.end(summary);
    return { exitCode: exitCodeOfState(summary.state, signals.received), summary };
  } catch (thrown) {
    reporter[Symbol.dispose]();
    reportError(placeError(thrown, job), process);
    return { exitCode: exitCodeOfError(thrown, signals.received) };
  }
}

/** Tells a person a line, unless that is not wanted. */
export function teller({ quiet = false }: ReportFlags, { stderr }: CliProcess): (line: string) => void {
  return (line) => void (quiet || stderr.write(`${line}\n`));
}
