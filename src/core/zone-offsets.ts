/** Offsets of time zones from UTC, by the zone data of the platform. */
import { DAY_MS } from "./calendar.ts";
import { MillraceError } from "./errors.ts";

/** Tells a zone's offset from UTC at an instant; both in milliseconds. Local time is the instant plus the offset. */
export type ZoneOffsets = (instantMs: number) => number;

/** Offsets are kept for this many days; then the store is emptied, so that a hostile file cannot fill the memory. */
const CACHED_DAYS = 20_000;

/** A zone's data is slow to come by and large, and there are as many zones as jobs name. */
const known = new Map<string, ZoneOffsets>();

const utcNames = new Set(["UTC", "GMT", "ETC/UTC", "Z"]);
const offsetName = /^GMT(?:(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)(?::(?<seconds>\d\d))?)?$/;

/** Whether a zone is UTC by its name. */
export function isUtc(name: string): boolean {
  return utcNames.has(name.toUpperCase());
}

/**
 * The offsets of the zone called `name`; days without a change are answered from a store.
 *
 * @param name an IANA name such as Europe/Berlin, or an offset such as +02:00
 * @throws MillraceError CONFIG_INVALID if the platform knows no such zone
 * @example
 * zoneOffsets("Europe/Berlin")(Date.UTC(2026, 6, 1)); // 7_200_000
 */
export function zoneOffsets(name: string): ZoneOffsets {
  if (isUtc(name)) return () => 0;
  const offsets = known.get(name) ?? storedOffsets(offsetMeter(name));
  known.set(name, offsets);
  return offsets;
}

function storedOffsets(measure: ZoneOffsets): ZoneOffsets {
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

function offsetMeter(name: string): ZoneOffsets {
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
