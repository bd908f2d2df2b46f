/** What a sink keeps in the state store, under the key and the epoch at which its splits were claimed. */
import type { Progress, SinkMemory, SinkWords } from "../core/ports/sink.ts";
import type { LeaseOwner, StateStore } from "../core/ports/state-store.ts";
import type { ProgressKey } from "../core/position.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";

/** No run has such an id. */
const JOB_SCOPE = "@job";

/** @param claimed the sink's rows as they were claimed; a claim takes all of them, so one of them tells of the next */
export function sinkMemory(state: StateStore, key: ProgressKey, claimed: readonly Progress[]): SinkMemory {
  const [first] = claimed;
  const owned = first === undefined ? undefined : { key, split: first.split, epoch: first.epoch };
  const wordsOf = (of: ProgressKey): SinkWords => ({
    all: () => state.words(of),
    keep: (words) => state.keepWords(of, words, owned),
  });
  const me = currentLeaseOwner("");
  return {
    epoch: claimed.reduce((highest, { epoch }) => Math.max(highest, epoch), 0),
    scope: wordsOf(key),
    job: wordsOf({ ...key, scope: JOB_SCOPE }),
    writer: JSON.stringify(me),
    isGone: (writer) => isGone(writer, me),
    isOver: async (run) => ((await state.findRun(run))?.state ?? "succeeded") === "succeeded",
  };
}

/** A process that goes on with its own work has closed what it had open before. */
function isGone(writer: string, me: LeaseOwner): boolean {
  return writer === JSON.stringify(me) || isOwnerAlive(JSON.parse(writer) as LeaseOwner, me) === "dead";
}
