/** Catching up: which of the slots that came due are run, and which are written down as missed. Pure. */
import type { NewSlot } from "../core/ports/schedule-store.ts";
import type { SlotRules } from "./slot-rules.ts";
import type { DueSlot } from "./slot-source.ts";

/** A slot that is planned within this time is on time: nobody was away, the process was busy. Milliseconds. */
export const ON_TIME_MS = 5_000;

/** What is known where slots are planned. */
export interface Planning {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly trigger: string;
  readonly rules: Pick<SlotRules, "catchUp" | "catchUpWindowMs">;
}

/**
 * Every slot that came due, each to be run or missed. Those on time are run; of the late ones the rules choose.
 *
 * @param due oldest first
 */
export function plannedSlots(due: readonly DueSlot[], { now, trigger, rules }: Planning): readonly NewSlot[] {
  const late = due.filter(({ at }) => at < now - ON_TIME_MS);
  const within = late.filter(({ at }) => at >= now - rules.catchUpWindowMs);
  const wanted = new Set(within.slice(within.length - caughtUp(rules, within.length, due.length > late.length)));
  return due.map((slot, index): NewSlot => {
    const planned = { ...slot, trigger };
    if (index >= late.length || wanted.has(slot)) return { ...planned, state: "due", reason: null };
    const isOld = slot.at < now - rules.catchUpWindowMs;
    return { ...planned, state: "missed", reason: isOld ? "older than catchUpWindow" : missedBecause(rules) };
  });
}

/** How many of the late slots are run. */
function caughtUp({ catchUp }: Planning["rules"], late: number, isFollowed: boolean): number {
  if (catchUp === "skip") return 0;
  // The newest of all is on time.
  if (catchUp === "latest") return isFollowed ? 0 : Math.min(1, late);
  return catchUp === "all" ? late : Math.min(catchUp.all, late);
}

function missedBecause({ catchUp }: Planning["rules"]): string {
  if (catchUp === "skip") return "nobody was up, and catchUp is skip";
  return catchUp === "latest" ? "nobody was up, and a later slot is run" : "nobody was up, and catchUp allows no more";
}
