/** Where a sink's positions and rejects live, and so what has to happen in which order for a unit to be durable. */
import type { ProgressKey } from "../core/position.ts";
import type { Advance, Progress, SinkUnit, SinkWord, SinkWriter } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Reject } from "../core/reject.ts";
import type { RejectPlace } from "./reject-place.ts";

/** Rejects that are kept apart, before the position passes them: all, or those of no sink in particular. */
export interface RejectsApart {
  readonly place: RejectPlace;
  readonly takes: "all" | "common";
}

/** The steps that make a unit durable. */
export interface Placement {
  /** Where rejects go that do not go along with the positions; null: all go along. */
  readonly rejects: RejectsApart | null;
  /** Commits the unit with what goes along with it. */
  commitUnit(unit: SinkUnit, advances: readonly Advance[], rejects: readonly Reject[]): Promise<void>;
  /** Advances positions that do not live with the data; after `commitUnit`. */
  readonly commitPositions:
    | ((advances: readonly Advance[], rejects: readonly Reject[], words: readonly SinkWord[]) => Promise<void>)
    | null;
  /** Reads positions back, all of the run's or those of some splits. */
  progress(splits?: readonly string[]): Promise<readonly Progress[]>;
}

/** Positions live with the data: one transaction holds rows, positions and the rejects that go along. */
export function placedWithData(
  writer: Required<Pick<SinkWriter, "progress">>,
  rejects: RejectsApart | null,
): Placement {
  return {
    rejects,
    commitUnit: (unit, advances, along) => unit.commit(advances, along),
    commitPositions: null,
    progress: (splits) => writer.progress(splits),
  };
}

/**
 * Positions live in the state store: the data is made durable first, then position, rejects and what the sink keeps in
 * one step.
 */
export function placedInState(
  state: StateStore,
  key: ProgressKey,
  rejects: RejectsApart | null,
  writer: Pick<SinkWriter, "settle"> = {},
): Placement {
  return {
    rejects,
    commitUnit: (unit) => unit.commit([], []),
    commitPositions: async (advances, along, words) => {
      await state.commit(key, advances, along, words);
      await writer.settle?.();
    },
    progress: (splits) => state.progress(key, splits),
  };
}
