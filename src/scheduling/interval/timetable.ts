/** Slots at equal distances. */
import type { Timetable } from "../timetable.ts";

/**
 * Slots at the multiples of an interval since 1970-01-01T00:00Z, so that every process knows the same ones without having
 * been there from the start.
 *
 * @param options.everyMs whole milliseconds, at least one
 * @example
 * intervalTimetable({ everyMs: 3_600_000 }).after(Date.UTC(2026, 0, 1, 9, 30)); // 10:00
 */
export function intervalTimetable({ everyMs }: { readonly everyMs: number }): Timetable {
  return {
    fingerprint: `interval ${everyMs}`,
    after: (instantMs) => (Math.floor(instantMs / everyMs) + 1) * everyMs,
  };
}
