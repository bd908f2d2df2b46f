/** The fourth step: a run's flows, or those of one share after another where processes share its source out. */
import { retrying } from "../actors/outage.ts";
import { MillraceError } from "../core/errors.ts";
import type { Share, Shares } from "../core/ports/source.ts";
import { announceLive } from "./announce.ts";
import type { Execution } from "./execution.ts";
import { FlowStarts } from "./flow-starts.ts";
import { watchLag } from "./lag-watch.ts";
import { failed, type Outcome, runFlows, type Stops } from "./run-flows.ts";

/** Runs an execution; a failed run is an outcome and not a throw. */
export async function execute(execution: Execution, stops: Stops): Promise<Outcome> {
  await using starts = new FlowStarts(execution);
  const { shares } = execution.bound.source;
  if (shares === undefined) return await runFlows(execution, starts, stops);
  try {
    return await runShares(execution, starts, shares, stops);
  } catch (thrown) {
    return failed(MillraceError.from(thrown));
  }
}

/** Until nothing more will come, somebody stops it or a share fails. Each share has its restarts for itself. */
async function runShares(execution: Execution, starts: FlowStarts, shares: Shares, stops: Stops): Promise<Outcome> {
  announceLive(execution);
  for (;;) {
    await using share = await nextShare(execution, shares, stops);
    if (share === undefined) return { state: stops.graceful.aborted ? "interrupted" : "succeeded", error: null };
    execution.emit({ kind: "share-taken", splits: share.splits.map(({ id }) => id) });
    starts.share = share;
    await using _lag = watchLag({ share, ...execution });
    const outcome = await runFlows(execution, starts, stops, share.revoked);
    await starts.close();
    const goesOn = outcome.state === "succeeded" || (share.revoked.aborted && !stops.graceful.aborted);
    if (!goesOn) return outcome;
  }
}

async function nextShare(execution: Execution, shares: Shares, { graceful }: Stops): Promise<Share | undefined> {
  const patience = { ...execution, policy: execution.bound.plan.job.retry, stage: "source" } as const;
  try {
    return await retrying(() => shares.next(graceful), patience, graceful);
  } catch (thrown) {
    if (graceful.aborted) return undefined;
    throw thrown;
  }
}
