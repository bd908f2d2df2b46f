/** Reader of date: text 'YYYY-MM-DD' of a day that the calendar has. */
import type { Column } from "../../core/record.ts";
import { asciiBytes } from "./ascii.ts";
import { isoDays } from "./calendar.ts";
import { type DatePattern, datePattern } from "./date-pattern.ts";
import { type ColumnReader, INVALID, TEXT } from "./reader.ts";

/** `yyyy-MM-dd` */
const ISO_LENGTH = 10;

/**
 * A reader for the column's `formats`, ISO when it names none; they are tried in their order.
 *
 * @throws MillraceError CONFIG_INVALID for a format that is no pattern
 */
export function dateReader(column: Column): ColumnReader {
  const formats = column.formats ?? ["ISO"];
  const readers = formats.map((format) => (format === "ISO" ? readIsoDate : patternReader(datePattern(format))));
  const only = readers.length === 1 ? readers[0] : undefined;
  const read = only ?? ((text: string) => firstValid(readers, text));
  return {
    expected: `a date ${formats.map((format) => (format === "ISO" ? "yyyy-MM-dd" : format)).join(" or ")}`,
    exact: false,
    read,
    ...(only === readIsoDate ? { readBytes: readIsoBytes } : {}),
    readJson: (value) => (typeof value === "string" ? read(value) : INVALID),
    plain: (text) => formats[0] === "ISO" && readIsoDate(text) !== INVALID,
  };
}

type DateRead = (text: string) => string | typeof INVALID;

function readIsoDate(text: string): string | typeof INVALID {
  return text.length === ISO_LENGTH && !Number.isNaN(isoDays(asciiBytes(text), 0)) ? text : INVALID;
}

function readIsoBytes(bytes: Buffer, begin: number, end: number): typeof TEXT | typeof INVALID {
  return end - begin === ISO_LENGTH && !Number.isNaN(isoDays(bytes, begin)) ? TEXT : INVALID;
}

function patternReader(pattern: DatePattern): DateRead {
  return (text) => {
    const time = pattern(text);
    return time === undefined ? INVALID : new Date(time.localMs).toISOString().slice(0, 10);
  };
}

function firstValid(readers: readonly DateRead[], text: string): string | typeof INVALID {
  for (const read of readers) {
    const value = read(text);
    if (value !== INVALID) return value;
  }
  return INVALID;
}
