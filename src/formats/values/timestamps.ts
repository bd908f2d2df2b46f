/** Reader of timestamp: a Date. */
import type { Column } from "../../core/record.ts";
import { isUtc } from "../../core/zone-offsets.ts";
import { asciiBytes } from "./ascii.ts";
import { datePattern } from "./date-pattern.ts";
import { endsInZ, isPortable, isPortableBytes, isoTimestamp, namesZone } from "./iso-timestamp.ts";
import { type ColumnReader, INVALID } from "./reader.ts";
import { type TimeZone, timeZone } from "./time-zone.ts";

/**
 * A reader for the column's `formats`, ISO when it names none; they are tried in their order. A time that names no zone
 * is local to the column's `timezone`, UTC when there is none.
 *
 * @throws MillraceError CONFIG_INVALID for a format that is no pattern, or an unknown zone
 */
export function timestampReader(column: Column): ColumnReader {
  const { timezone = "UTC" } = column;
  const zone = timeZone(timezone);
  const formats = column.formats ?? ["ISO"];
  const readers = formats.map((format) => instantReader(format, zone));
  const onlyIso = formats.length === 1 && formats[0] === "ISO";
  const read = (text: string): Date | typeof INVALID => {
    for (const readInstant of readers) {
      const instant = readInstant(text);
      if (!Number.isNaN(instant)) return new Date(instant);
    }
    return INVALID;
  };
  return {
    expected: `a timestamp ${formats.map((format) => (format === "ISO" ? "yyyy-MM-ddTHH:mm:ssZ" : format)).join(" or ")}`,
    exact: false,
    read,
    ...(onlyIso ? { readBytes: isoReader(zone), plainBytes: plainBytesTest(isUtc(timezone)) } : {}),
    readJson: (value) => (typeof value === "string" ? read(value) : INVALID),
    plain: plainTest(formats, zone, isUtc(timezone)),
  };
}

/** Reads ISO timestamps where they lie. */
function isoReader(zone: TimeZone): (bytes: Buffer, begin: number, end: number) => Date | typeof INVALID {
  return (bytes, begin, end) => {
    const instant = isoTimestamp(bytes, begin, end, zone);
    return Number.isNaN(instant) ? INVALID : new Date(instant);
  };
}

/**
 * Plain is what means the same instant everywhere: a text that names its zone, or one in UTC that names none (an encoder
 * for a server with a zone of its own says so then). Where another notation stands first it may have read a text that
 * looks like ISO, and otherwise.
 */
function plainTest(formats: readonly string[], zone: TimeZone, utc: boolean): (text: string) => boolean {
  if (formats[0] !== "ISO") return () => false;
  const instantIsClear = (text: string): boolean => isPortable(text) && (utc || namesZone(text));
  if (formats.length === 1) return instantIsClear;
  return (text) => instantIsClear(text) && !Number.isNaN(isoInstant(text, zone));
}

/** The like for bytes, where ISO is the only notation. */
function plainBytesTest(utc: boolean): (bytes: Uint8Array, begin: number, end: number) => boolean {
  return (bytes, begin, end) => isPortableBytes(bytes, begin, end) && (utc || endsInZ(bytes, end));
}

/** Milliseconds since 1970, or NaN. */
function instantReader(format: string, zone: TimeZone): (text: string) => number {
  if (format === "ISO") return (text) => isoInstant(text, zone);
  const pattern = datePattern(format);
  return (text) => {
    const time = pattern(text);
    if (time === undefined) return Number.NaN;
    return time.offsetMs === undefined ? zone(time.localMs) : time.localMs - time.offsetMs;
  };
}

function isoInstant(text: string, zone: TimeZone): number {
  return isoTimestamp(asciiBytes(text), 0, text.length, zone);
}
