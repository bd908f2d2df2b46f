/** `millrace state forget`: the next start begins at the start, as if nothing had been read. */
import { systemClock } from "../../../core/clock.ts";
import { forgettableScopes, forgetScopes, isPlanned } from "../../../pipeline/positions/forget.ts";
import { confirm } from "../../confirm.ts";
import { EXIT } from "../../exit-codes.ts";
import { type JobFlags, jobOfFile, openPresent } from "../../named-job.ts";
import { renderForgettable } from "../../positions/render.ts";
import { stateOf } from "../../state-place.ts";
import type { CliProcess } from "../../terminal.ts";

/** The command's options, as the command line gives them. */
export interface StateForgetFlags extends JobFlags {
  readonly run?: string;
  readonly yes?: boolean;
}

/**
 * Forgets after having asked, or with --yes.
 *
 * @returns the exit code: 1 when the answer was no
 * @throws MillraceError RUN_NOT_FOUND, LEASE_HELD, SINK_UNAVAILABLE, USAGE where nobody can be asked
 */
export async function stateForgetCommand(file: string, flags: StateForgetFlags, process: CliProcess): Promise<number> {
  const job = await jobOfFile(file, flags, process.env);
  await using state = await openPresent(stateOf(job, flags, process.env));
  const scopes = await forgettableScopes(job, state, flags.run ?? null, { clock: systemClock });
  const planned = flags.run === undefined && (await isPlanned(state, job.name));
  if (scopes.length === 0 && !planned) {
    process.stderr.write(`${job.name}: there is nothing that the next run would go on with\n`);
    return EXIT.done;
  }
  if (scopes.length > 0) {
    process.stderr.write(
      `positions, rejects and unfinished runs that go; what the sinks hold stays, and is written again by the next run:\n` +
        `${renderForgettable(job.name, scopes)}\n`,
    );
  }
  if (planned) process.stderr.write(`${job.name}: its schedule goes, with all slots that have not succeeded\n`);
  if (flags.yes !== true && !(await confirm("forget them? [y/N] ", process))) return EXIT.failed;
  await forgetScopes(job, state, scopes, systemClock);
  // Behind the scopes, whose leases tell that no run of a slot is under way.
  if (planned) await state.forgetSchedule(job.name);
  process.stdout.write(`${job.name}: forgotten; the next run begins at the start\n`);
  return EXIT.done;
}
