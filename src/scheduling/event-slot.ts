/** The slots of what happens at no appointed time: the instant at which it was seen, to the second. */
import type { DueSlot } from "./slot-source.ts";
import { slotText } from "./slot-text.ts";

const SECOND_MS = 1_000;

/**
 * The slot of something seen now, later than the last one and spelled otherwise, whatever the clock did meanwhile.
 *
 * @param now milliseconds since 1970
 * @param last the instant of the slot before; null: there was none
 */
export function eventSlot(now: number, last: number | null): DueSlot {
  const second = Math.floor(now / SECOND_MS) * SECOND_MS;
  const at = last === null || second > last ? second : Math.max(Math.floor(now), last + 1);
  return { slot: slotText(at, "UTC"), at };
}
