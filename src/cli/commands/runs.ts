/** `millrace runs`: what ran, when, and what came of it. */
import { systemClock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { pastRun, pastRuns, pastRunToJson } from "../../pipeline/run-history.ts";
import { EXIT } from "../exit-codes.ts";
import { type HistoryView, renderRun, renderRuns } from "../history/render.ts";
import { type JobFlags, namedJob, openIfPresent, openPresent } from "../named-job.ts";
import { parseLimit } from "../options.ts";
import { type CliProcess, painterFor, tableWidth, wantsColor } from "../terminal.ts";

/** The options of both commands, as the command line gives them. */
export interface RunsFlags extends JobFlags {
  readonly json?: boolean;
  readonly limit?: string;
}

const DEFAULT_LIMIT = 20;

/**
 * Lists the newest runs.
 *
 * @returns the exit code; that there were none is no fault
 * @throws MillraceError USAGE, STATE_UNAVAILABLE, STATE_CORRUPT
 */
export async function runsCommand(job: string | undefined, flags: RunsFlags, process: CliProcess): Promise<number> {
  const limit = flags.limit === undefined ? DEFAULT_LIMIT : parseLimit(flags.limit);
  const { name, state } = await namedJob(job, flags, process);
  await using store = await openIfPresent(state);
  const runs =
    store === undefined ? [] : await pastRuns(store, { limit, ...(name === null ? {} : { job: name }) }, systemClock);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(runs.map(pastRunToJson))}\n`);
  else if (runs.length > 0) process.stdout.write(`${renderRuns(runs, viewOf(process))}\n`);
  else process.stderr.write(`no runs${name === null ? "" : ` of ${name}`} in ${store?.label ?? state}\n`);
  return EXIT.done;
}

/**
 * Shows one run.
 *
 * @throws MillraceError RUN_NOT_FOUND, USAGE, STATE_UNAVAILABLE, STATE_CORRUPT
 */
export async function runsShowCommand(
  id: string,
  job: string | undefined,
  flags: RunsFlags,
  process: CliProcess,
): Promise<number> {
  const { state } = await namedJob(job, flags, process);
  await using store = await openPresent(state);
  const row = await store.findRun(id);
  if (row === undefined)
    throw new MillraceError("RUN_NOT_FOUND", `${store.label} knows no run ${id}; see millrace runs`);
  const run = await pastRun(store, row, systemClock);
  const text = flags.json === true ? JSON.stringify(pastRunToJson(run)) : renderRun(run, viewOf(process));
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}

function viewOf({ stdout, env }: CliProcess): HistoryView {
  return { width: tableWidth(stdout), color: wantsColor(stdout, env), paint: painterFor(stdout, env) };
}
