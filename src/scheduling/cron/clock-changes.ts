/** Where the clocks of a zone are set forward or back. */
import { DAY_MS } from "../../core/calendar.ts";
import type { ZoneOffsets } from "../../core/zone-offsets.ts";

const SECOND_MS = 1000;

/**
 * The first instant in (`from`, `until`] with another offset than `from` has; null if there is none. All are whole seconds in
 * ms since 1970. Two changes that undo each other within a day would be missed; no zone has them.
 */
export function nextClockChange(offsetAt: ZoneOffsets, from: number, until: number): number | null {
  const offset = offsetAt(from);
  for (let low = from; low < until; low += DAY_MS) {
    const high = Math.min(low + DAY_MS, until);
    if (offsetAt(high) !== offset) return firstOther(offsetAt, low, high);
  }
  return null;
}

/** Halves the span until the change is known to the second. */
function firstOther(offsetAt: ZoneOffsets, from: number, to: number): number {
  const offset = offsetAt(from);
  let [low, high] = [from, to];
  while (high - low > SECOND_MS) {
    const middle = low + Math.floor((high - low) / SECOND_MS / 2) * SECOND_MS;
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

/** Which time an instant's local time it is, where the clocks are set back over it; null where it occurs once. */
export function turnOf(offsetAt: ZoneOffsets, instantMs: number): "first" | "second" | null {
  const offset = offsetAt(instantMs);
  // no zone has been set back by more than a day
  const before = offsetAt(instantMs - DAY_MS);
  if (before > offset && offsetAt(instantMs + offset - before) === before) return "second";
  const after = offsetAt(instantMs + DAY_MS);
  return after < offset && offsetAt(instantMs + offset - after) === after ? "first" : null;
}
