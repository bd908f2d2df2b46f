/** `millrace state show`: where a job stands. */
import { systemClock } from "../../../core/clock.ts";
import type { StateStore } from "../../../core/ports/state-store.ts";
import { keptPositions, type JobPositions, positionsInState } from "../../../pipeline/positions/kept-positions.ts";
import { openMemoryStore } from "../../../state/memory.ts";
import { EXIT } from "../../exit-codes.ts";
import { type JobFlags, namedJob, type NamedJob, openIfPresent } from "../../named-job.ts";
import { positionToJson, renderPositions } from "../../positions/render.ts";
import { errorText } from "../../report-error.ts";
import { type CliProcess, tableWidth } from "../../terminal.ts";

/** The command's options, as the command line gives them. */
export interface StateShowFlags extends JobFlags {
  readonly json?: boolean;
  readonly split?: string;
}

/**
 * Shows saved positions.
 *
 * @returns the exit code: 1 when a sink's own positions could not be read and copies are shown
 * @throws MillraceError USAGE, STATE_UNAVAILABLE, STATE_CORRUPT, and whatever is wrong with the job
 */
export async function stateShowCommand(given: string, flags: StateShowFlags, process: CliProcess): Promise<number> {
  const named = await namedJob(given, flags, process);
  // The sinks' databases are asked also where the state store was lost.
  await using state = (await openIfPresent(named.state)) ?? openMemoryStore();
  const { positions, unread } = await positionsOf(named, given, state);
  const shown = positions.filter(({ split }) => flags.split === undefined || split === flags.split);
  for (const { error } of unread) process.stderr.write(`${errorText(error)}\n`);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(shown.map(positionToJson))}\n`);
  else if (shown.length > 0) process.stdout.write(`${renderPositions(shown, tableWidth(process.stdout))}\n`);
  else process.stderr.write(`no positions of ${named.name ?? given} in ${state.label}\n`);
  return unread.length > 0 ? EXIT.failed : EXIT.done;
}

async function positionsOf({ job }: NamedJob, name: string, state: StateStore): Promise<JobPositions> {
  if (job !== null) return keptPositions(job, state, { clock: systemClock });
  return { positions: positionsInState(await state.listPositions(name), state), unread: [] };
}
