/** Where a sink's positions and rejects live, and so what has to happen in which order for a unit to be durable. */
import type { ProgressKey } from "../core/position.ts";
import type { Advance, Progress, RejectStore, SinkUnit, SinkWriter } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Reject } from "../core/reject.ts";

/** The steps that make a unit durable. */
export interface Placement {
  /** Keeps rejects that do not go with the positions; done before the position passes them. Null: they go along. */
  readonly appendRejects: ((rejects: readonly Reject[]) => Promise<void>) | null;
  /** Commits the unit with what goes along with it. */
  commitUnit(unit: SinkUnit, advances: readonly Advance[], rejects: readonly Reject[]): Promise<void>;
  /** Advances positions that do not live with the data; after `commitUnit`. */
  readonly commitPositions: ((advances: readonly Advance[], rejects: readonly Reject[]) => Promise<void>) | null;
  /** Reads positions back, all of the run's or those of some splits. */
  progress(splits?: readonly string[]): Promise<readonly Progress[]>;
}

/** Positions live with the data: one transaction holds rows, positions and, unless they have a place of their own, rejects. */
export function placedWithData(writer: Required<Pick<SinkWriter, "progress">>, rejects: RejectStore | null): Placement {
  return {
    appendRejects: rejects === null ? null : (batch) => rejects.append(batch),
    commitUnit: (unit, advances, batch) => unit.commit(advances, rejects === null ? batch : []),
    commitPositions: null,
    progress: (splits) => writer.progress(splits),
  };
}

/** Positions live in the state store: the data is made durable first, then position and rejects in one step. */
export function placedInState(state: StateStore, key: ProgressKey, rejects: RejectStore | null): Placement {
  return {
    appendRejects: rejects === null ? null : (batch) => rejects.append(batch),
    commitUnit: (unit) => unit.commit([], []),
    commitPositions: (advances, batch) => state.commit(key, advances, rejects === null ? batch : []),
    progress: (splits) => state.progress(key, splits),
  };
}
