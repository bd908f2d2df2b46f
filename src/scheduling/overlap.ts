/** What a slot that is due does about the runs of its job that are under way. Pure. */
import type { SlotRow } from "../core/ports/schedule-store.ts";
import { ON_TIME_MS } from "./planned-slots.ts";
import type { SlotRules } from "./slot-rules.ts";

/** What is to be done about a slot now. */
export type SlotDecision =
  | { readonly do: "start" }
  | { readonly do: "wait" /** Look again then, milliseconds since 1970. */; readonly until?: number }
  /** Ends those that are under way, and waits. */
  | { readonly do: "cancelOthers" }
  | { readonly do: "pass"; readonly state: "missed" | "skipped"; readonly reason: string };

/** What is known where it is decided. */
export interface SlotSituation {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly rules: Pick<SlotRules, "overlap" | "startDeadlineMs" | "jitterMs">;
  /** How many slots of the job are run, here or elsewhere. */
  readonly underWay: number;
  /** Older slots of the job that are due, too. */
  readonly waiting: number;
}

/**
 * Decides about one slot; a job's slots are asked oldest first.
 *
 * A slot that has been begun before (its process died or was stopped) is always gone on with. One that nobody was up for
 * is never skipped: it waits until the run before it has ended.
 */
export function decide(slot: SlotRow, { now, rules, underWay, waiting }: SlotSituation): SlotDecision {
  const isNew = slot.attempt === 0;
  const startAt = isNew ? slot.at + jitterOf(slot, rules.jitterMs) : slot.at;
  if (isNew && rules.startDeadlineMs !== null && now > startAt + rules.startDeadlineMs)
    return { do: "pass", state: "missed", reason: "not started within startDeadline" };
  if (now < startAt) return { do: "wait", until: startAt };
  if (rules.overlap === "allow" || (underWay === 0 && waiting === 0)) return { do: "start" };
  const isCaughtUp = !isNew || slot.plannedAt - slot.at > ON_TIME_MS;
  if (isCaughtUp || rules.overlap === "bufferAll" || underWay === 0) return { do: "wait" };
  if (rules.overlap === "cancelOther") return { do: "cancelOthers" };
  if (rules.overlap === "bufferOne" && waiting === 0) return { do: "wait" };
  const why = rules.overlap === "skip" ? "the run before it had not ended" : "one slot waits already";
  return { do: "pass", state: "skipped", reason: `${why} (overlap: ${rules.overlap})` };
}

/**
 * A delay that is spread over `jitterMs` and always the same for a slot, so that a restart does not draw it again.
 *
 * Source: FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
 */
function jitterOf({ job, slot }: SlotRow, jitterMs: number): number {
  let hash = 0x811c9dc5;
  for (const char of `${job} ${slot}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return Math.floor(((hash >>> 0) / 2 ** 32) * jitterMs);
}
