/** Whether a run is one of those that a filter asks for; for stores without a query language of their own. */
import type { RunFilter, RunRow } from "../core/ports/state-store.ts";

/** All but its place and the number of runs. */
export function isAskedFor(
  run: RunRow,
  { job, states, slot, params, shared, endedAfter }: Omit<RunFilter, "before" | "limit">,
): boolean {
  return (
    (job === undefined || run.job === job) &&
    (states === undefined || states.includes(run.state)) &&
    (slot === undefined || run.slot === slot) &&
    (params === undefined || run.params === params) &&
    (shared === undefined || (run.scope === "") === shared) &&
    (endedAfter === undefined || (run.endedAt ?? "") > endedAfter)
  );
}
