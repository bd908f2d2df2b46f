/** How slots are spelled: the same instant gets the same text from the scheduler, a backfill and any other process. */
import { isUtc, zoneOffsets } from "../core/zone-offsets.ts";

const MINUTE_MS = 60_000;

/**
 * An instant in a zone: ISO 8601 with the offset, `Z` for UTC, milliseconds only where they are not 0.
 *
 * @param atMs milliseconds since 1970
 * @param zone an IANA name such as Europe/Berlin
 * @throws MillraceError CONFIG_INVALID if the platform knows no such zone
 * @example
 * slotText(Date.UTC(2026, 10, 22, 1), "Europe/Berlin"); // "2026-11-22T02:00:00+01:00"
 */
export function slotText(atMs: number, zone: string): string {
  if (isUtc(zone)) return `${withoutZone(atMs)}Z`;
  // Before there were zones, offsets had seconds, which ISO 8601 cannot say.
  const minutes = Math.trunc(zoneOffsets(zone)(atMs) / MINUTE_MS);
  return withoutZone(atMs + minutes * MINUTE_MS) + offsetText(minutes);
}

function withoutZone(localMs: number): string {
  return new Date(localMs).toISOString().replace(/(?:\.000)?Z$/, "");
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const figures = [Math.floor(size / 60), size % 60].map((figure) => String(figure).padStart(2, "0"));
  return (minutes < 0 ? "-" : "+") + figures.join(":");
}
