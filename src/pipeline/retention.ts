/** Drops what of a job's history in the state store need not be kept any longer. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";

/** Runs, and rejects, that go in one transaction: others wait for it. */
const BATCH = 5_000;
/** How long a run's end may be held up, milliseconds; what is left over goes with the next run. */
const PATIENCE_MS = 10_000;

/**
 * Works at the end of a run, while its lease keeps others of the job away. Never rejects: what could not be dropped now
 * is dropped by the next run.
 */
export async function applyRetention(
  { state, clock }: { readonly state: StateStore; readonly clock: Clock },
  job: string,
  { runsMs, rejectsMs, rejectBytes }: Job["retention"],
): Promise<void> {
  const before = (ms: number): string => new Date(Math.max(0, clock.now() - ms)).toISOString();
  const retention = { runsBefore: before(runsMs), rejectsBefore: before(rejectsMs), rejectBytes, limit: BATCH };
  const begun = clock.monotonic();
  try {
    for (let goesOn = true; goesOn; ) {
      const { runs, rejects } = await state.prune(job, retention);
      goesOn = runs + rejects > 0 && clock.monotonic() - begun < PATIENCE_MS;
    }
  } catch {
    // The run itself is written down; the store will be asked again.
  }
}
