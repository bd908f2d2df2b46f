/** What a run does for a sink that sends by itself: waits by the job's `retry`, and tells. */
import type { LastMoves } from "../actors/last-moves.ts";
import { retrying } from "../actors/outage.ts";
import type { SinkHost } from "../core/ports/sink.ts";
import type { Execution } from "./execution.ts";

/**
 * The host of one sink.
 *
 * @param moves given when an outage does not count as long as other sinks move
 */
export function sinkHost(execution: Execution, sink: string, moves: LastMoves | null): SinkHost {
  const { emit, bound } = execution;
  const movedAt = moves && { movedAt: () => moves.ofOthers(sink) };
  const patience = { ...execution, policy: bound.plan.job.retry, stage: "sink", sink, ...movedAt } as const;
  return {
    retrying: (attempt, signal) => retrying(attempt, patience, signal),
    breaker: (state, why) => emit({ kind: "breaker", sink, state, ...why }),
  };
}
