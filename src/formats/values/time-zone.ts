/** From local time to instants, by the zone data of the platform. */
import { DAY_MS } from "../../core/calendar.ts";
import { isUtc, zoneOffsets } from "../../core/zone-offsets.ts";

/** Turns a local time into an instant; both are milliseconds since 1970, the first of them on the zone's own clock. */
export type TimeZone = (localMs: number) => number;

/**
 * The zone called `name`.
 *
 * A local time that occurs twice (clocks set back) is taken for the earlier instant; one that does not occur (clocks set
 * forward) is moved on by the gap: 02:30 becomes 03:30. This is what RFC 5545 and Temporal's "compatible" do.
 *
 * @param name an IANA name such as Europe/Berlin, or an offset such as +02:00
 * @throws MillraceError CONFIG_INVALID if the platform knows no such zone
 */
export function timeZone(name: string): TimeZone {
  if (isUtc(name)) return (localMs) => localMs;
  const offsetAt = zoneOffsets(name);
  return (localMs) => {
    const before = offsetAt(localMs - DAY_MS);
    const after = offsetAt(localMs + DAY_MS);
    const earlier = localMs - Math.max(before, after);
    if (before === after || offsetAt(earlier) === localMs - earlier) return earlier;
    const later = localMs - Math.min(before, after);
    return offsetAt(later) === localMs - later ? later : localMs - before;
  };
}
