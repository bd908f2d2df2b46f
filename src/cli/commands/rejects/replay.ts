/** `millrace rejects replay`: a run of the rejects, after a fix. */
import { loadJob } from "../../../config/load.ts";
import { replayRejects } from "../../../pipeline/rejects/replay-rejects.ts";
import { type RejectFlags, wishOf } from "../../rejects/reject-flags.ts";
import { reportedRun, type ReportFlags, teller } from "../../reported-run.ts";
import { givenValues } from "../../run-values.ts";
import type { CliProcess } from "../../terminal.ts";

/** The command's options, as the command line gives them. */
export interface ReplayFlags extends RejectFlags, ReportFlags {}

/**
 * Runs rejects again and tells of it.
 *
 * @returns the exit code, as of `millrace run`
 * @throws MillraceError for what is wrong with the command line or the job, before anything runs
 */
export async function replayCommand(file: string, flags: ReplayFlags, process: CliProcess): Promise<number> {
  const values = givenValues(flags, process.env);
  const job = await loadJob(file, values);
  const { exitCode, summary } = await reportedRun({ job, values, flags }, process, (common) =>
    replayRejects(job, { ...wishOf(flags), ...common }),
  );
  const tell = teller(flags, process);
  if (summary === null) {
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ job: job.name, ...NOTHING })}\n`);
    else tell(`${job.name}: no rejects to run again`);
  } else if (summary?.resumed === true) {
    tell("This went on with a replay that had not ended; run it again for what is left.");
  }
  return exitCode;
}

/** What a replay of nothing comes to. */
const NOTHING = {
  ...{ run: null, state: "succeeded", read: 0, written: 0, filtered: 0, rejected: 0, folded: 0, emitted: 0 },
  ...{ balanced: true, sinks: {}, error: null },
};
