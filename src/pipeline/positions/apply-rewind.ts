/** Carries steps back out, wherever the positions live. */
import { MillraceError } from "../../core/errors.ts";
import type { Counts } from "../../core/ledger.ts";
import type { PositionDesk } from "../../core/ports/position-desk.ts";
import type { Advance } from "../../core/ports/sink.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import type { Position, ProgressKey } from "../../core/position.ts";
import type { RejectPlaces } from "../rejects/reject-places.ts";

/** One sink's step back in one split. */
export interface RewindStep {
  readonly sink: string;
  readonly split: string;
  readonly epoch: number;
  readonly from: bigint;
  readonly to: Position;
  /** The ledger there. */
  readonly counts: Counts;
  /** Records whose rows are in the sink, and that the next start writes once more. */
  readonly again: number;
}

/** Where positions are changed. */
export interface RewindPlaces {
  readonly job: string;
  readonly scope: string;
  readonly state: StateStore;
  readonly desks: ReadonlyMap<string, PositionDesk>;
}

/**
 * Sink by sink, each in one step. One that was interrupted in between is completed by asking for it once more.
 *
 * @throws MillraceError FENCED when a position has moved since it was looked at
 */
export async function applyRewind(
  steps: readonly RewindStep[],
  { job, scope, state, desks }: RewindPlaces,
): Promise<void> {
  for (const [sink, own] of Map.groupBy(steps, (step) => step.sink)) {
    const key = { job, scope, sink };
    const desk = desks.get(sink);
    if (desk === undefined) await rewindState(state, key, own);
    else {
      await desk.rewind(key, own);
      const copies = await state.progress(
        key,
        own.map(({ split }) => split),
      );
      const after = new Map(own.map((step) => [step.split, step]));
      await state.mirror(
        key,
        copies.map((copy) => copyAfter(copy, after.get(copy.split))),
      );
    }
  }
}

async function rewindState(state: StateStore, key: ProgressKey, steps: readonly Advance[]): Promise<void> {
  const claimed = await state.claim(
    key,
    steps.map(({ split, to }) => ({ split, origin: to })),
  );
  const raised = steps.map((step) => ({ ...step, epoch: step.epoch + 1 }));
  for (const { split, epoch, from } of raised) {
    const found = claimed.find((row) => row.split === split);
    if (found?.epoch === epoch && found.position.ordinal === from) continue;
    throw new MillraceError("FENCED", `${split} has moved since it was looked at: another process works on this job`);
  }
  await state.commit(key, raised, []);
}

function copyAfter<P extends { readonly epoch: number }>(copy: P, step: RewindStep | undefined): P {
  return step === undefined ? copy : { ...copy, epoch: step.epoch + 1, position: step.to, counts: step.counts };
}

const PAGE = 1_000;

/**
 * Drops the rejects of records that will be read again: whatever comes of them now is what counts. A file of rejects is cut
 * back by the next start.
 */
export async function dropRejects(
  steps: readonly RewindStep[],
  { job, scope, places }: { readonly job: string; readonly scope: string; readonly places: RejectPlaces },
): Promise<void> {
  const splits = new Map(steps.map(({ split, to }) => [split, to.ordinal]));
  for (const [split, ordinal] of splits) {
    for (const shelf of places.shelves.values()) {
      for (let after = 0; ; ) {
        const page = await shelf.listRejects({ job, scope, split, after, limit: PAGE });
        const drop = page.filter(({ position, takenBy }) => position.ordinal >= ordinal && takenBy === undefined);
        if (drop.length > 0) await shelf.settleRejects({ job, drop: drop.map(({ id }) => id) });
        if (page.length < PAGE) break;
        after = page.at(-1)?.id ?? after;
      }
    }
  }
}
