/** Instants on the command line. */
import { timeZone } from "../formats/values/time-zone.ts";
import { isIsoTime } from "./options.ts";
import { usageError } from "./usage-error.ts";

/**
 * A date or a time of ISO 8601 as ms since 1970; one without an offset is local time in `timezone`, a date its midnight.
 *
 * @param flag the option, for messages
 * @throws MillraceError USAGE
 * @example
 * parseInstant("--from", "2026-11-22T02:00", "Europe/Berlin"); // 2026-11-22T01:00Z
 */
export function parseInstant(flag: string, text: string, timezone: string): number {
  if (!isIsoTime(text)) {
    throw usageError(
      `${flag} takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got ${JSON.stringify(text)}`,
    );
  }
  if (/(?:Z|[+-]\d\d:\d\d)$/.test(text)) return Date.parse(text);
  return timeZone(timezone)(Date.parse(text.includes("T") ? `${text}Z` : text));
}
