/** From local time to instants, by the zone data of the platform. */
import { MillraceError } from "../../core/errors.ts";
import { DAY_MS } from "./calendar.ts";

/** Turns a local time into an instant; both are milliseconds since 1970, the first of them on the zone's own clock. */
export type TimeZone = (localMs: number) => number;

/** Offsets are kept for this many days; then the store is emptied, so that a hostile file cannot fill the memory. */
const CACHED_DAYS = 20_000;

const utcNames = new Set(["UTC", "GMT", "ETC/UTC", "Z"]);
const offsetName = /^GMT(?:(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)(?::(?<seconds>\d\d))?)?$/;

/** Whether a zone is UTC by its name. */
export function isUtc(name: string): boolean {
  return utcNames.has(name.toUpperCase());
}

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

/** The zone's offset from UTC at an instant, in milliseconds; days without a change are answered from a store. */
function zoneOffsets(name: string): (instant: number) => number {
  const measure = offsetMeter(name);
  const starts = new Map<number, number>();
  const atDayStart = (day: number): number => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    if (starts.size >= CACHED_DAYS) starts.clear();
    const offset = measure(day * DAY_MS);
    starts.set(day, offset);
    return offset;
  };
  return (instant) => {
    const day = Math.floor(instant / DAY_MS);
    const offset = atDayStart(day);
    return offset === atDayStart(day + 1) ? offset : measure(instant);
  };
}

function offsetMeter(name: string): (instant: number) => number {
  const format = zoneFormat(name);
  return (instant) => {
    const text = format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const { sign, hours = 0, minutes = 0, seconds = 0 } = offsetName.exec(text)?.groups ?? {};
    const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
    return sign === "-" ? -offset : offset;
  };
}

function zoneFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (cause) {
    throw new MillraceError(
      "CONFIG_INVALID",
      `timezone: "${name}" is no known zone; use a name such as Europe/Berlin`,
      {
        cause,
      },
    );
  }
}
