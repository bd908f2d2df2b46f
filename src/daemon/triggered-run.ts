/** A run that somebody has started by hand, from the moment at which it has begun. */
import { MillraceError } from "../core/errors.ts";
import type { ActiveRun } from "./active-run.ts";
import type { TriggeredRun } from "./runtime-api.ts";

/**
 * Waits until a run has begun.
 *
 * @returns null where there was nothing to run
 * @throws MillraceError why it could not begin
 */
export async function triggered(run: ActiveRun): Promise<TriggeredRun | null> {
  const id = await run.begun;
  if (id === undefined) {
    const end = await run.ended;
    if ("error" in end) throw end.error;
    return end.summary === null ? null : { id: end.summary.run, ended: Promise.resolve(end.summary) };
  }
  return { id, ended: summaryOf(run) };
}

/** Once it has begun every end is a summary, but for a fault that has to be mended before anything was written. */
async function summaryOf(run: ActiveRun): ReturnType<() => TriggeredRun["ended"]> {
  const end = await run.ended;
  if ("summary" in end && end.summary !== null) return end.summary;
  const error = "error" in end ? end.error : new MillraceError("INVARIANT", "a run has begun and not ended");
  return run.failedSummary(error);
}
