/** Once all sinks are open: where each one's positions and rejects go. SEMANTICS "Where positions and rejects live". */
import { placedInState, placedWithData, type Placement, type RejectsApart } from "../actors/placement.ts";
import { ProgressBook } from "../actors/progress-book.ts";
import { RejectPlace } from "../actors/reject-place.ts";
import type { BoundSink, SinkWriter } from "../core/ports/sink.ts";
import type { Reject } from "../core/reject.ts";
import type { Earlier } from "./earlier.ts";
import type { Execution } from "./execution.ts";
import type { ClaimedSink } from "./open-sink.ts";

/** One sink of a flow: claimed, its ledger open, its rejects' place known. */
export interface OpenSink extends ClaimedSink {
  readonly placement: Placement;
  readonly book: ProgressBook;
}

/** Opens the ledgers; the place that the job names for its rejects is brought to where the sinks stand. */
export async function placeSinks(
  execution: Execution,
  claimed: readonly ClaimedSink[],
  earlier: Earlier,
): Promise<readonly OpenSink[]> {
  const furthest = furthestOrdinals(claimed);
  const bySink = new Map(claimed.map(({ name, rows }) => [name, ordinalsOf(rows)]));
  await execution.rejects?.resume({
    before: (split, sink) =>
      (sink === undefined ? furthest : bySink.get(sink))?.get(split) ?? earlier.ordinalOf(split, sink),
    inOrder: claimed.length === 1,
  });
  const place = rejectPlace(execution, furthest);
  return claimed.map((sink) => ({
    ...sink,
    placement: placementOf(execution, sink, rejectsApart(execution, sink.bound, place)),
    book: new ProgressBook(sink.rows, earlier.countsOf(sink.name, sink.rows)),
  }));
}

function placementOf({ state }: Execution, { writer, key }: ClaimedSink, apart: RejectsApart | null): Placement {
  return keepsPositions(writer) ? placedWithData(writer, apart) : placedInState(state, key, apart, writer);
}

function keepsPositions(writer: SinkWriter): writer is SinkWriter & Required<Pick<SinkWriter, "progress">> {
  return writer.progress !== undefined;
}

/** Where rejects wait for the positions to pass them: where the job says, or in the state store. */
function rejectPlace({ rejects, state }: Execution, keptBefore: ReadonlyMap<string, bigint>): RejectPlace {
  const append = (batch: readonly Reject[]): Promise<void> => rejects?.append(batch) ?? state.addRejects(batch);
  return new RejectPlace({ append, keptBefore });
}

/** What of a sink's rejects does not go along with its positions. With one sink and no place of their own all do. */
function rejectsApart({ rejects, bound }: Execution, sink: BoundSink, place: RejectPlace): RejectsApart | null {
  const keepsThem = sink.positions === "state" || sink.rejects !== undefined;
  if (rejects !== null || !keepsThem) return { place, takes: "all" };
  return bound.sinks.size === 1 ? null : { place, takes: "common" };
}

/** How far any sink has come: a common reject before that was kept before the position passed it. */
function furthestOrdinals(claimed: readonly ClaimedSink[]): ReadonlyMap<string, bigint> {
  const furthest = new Map<string, bigint>();
  for (const { rows } of claimed) {
    for (const [split, ordinal] of ordinalsOf(rows)) {
      if (ordinal > (furthest.get(split) ?? 0n)) furthest.set(split, ordinal);
    }
  }
  return furthest;
}

function ordinalsOf(rows: ClaimedSink["rows"]): ReadonlyMap<string, bigint> {
  return new Map(rows.map(({ split, position }) => [split, position.ordinal]));
}
