/** Whether the run of a slot is at work, in any process. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { standing } from "./job-session.ts";
import { isHeld, isUnderWay } from "./run-history.ts";
import { identityKey } from "./run-identity.ts";

/** Runs of a job that may be at work at once and are looked at. */
const LOOKED_AT = 100;

/** @throws MillraceError STATE_UNAVAILABLE */
export async function isSlotUnderWay(state: StateStore, job: Job, slot: string, clock: Clock): Promise<boolean> {
  const { own: _own, ...scope } = standing(job, "");
  // Its run may not be written down yet.
  const key = identityKey({ job: job.name, slot, params: {}, ...scope });
  if (await isHeld(state, { job: job.name, scope: key }, clock)) return true;
  const running = await state.listRuns({ job: job.name, states: ["running"], limit: LOOKED_AT });
  for (const row of running) if (row.slot === slot && (await isUnderWay(state, row, clock))) return true;
  return false;
}
