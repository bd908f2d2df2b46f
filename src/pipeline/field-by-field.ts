/** Records that are given as objects, brought to where the job's source would have text: a dialect of CSV with a mark for null. */
import type { DecodeSpec } from "../core/ports/format.ts";
import type { Column } from "../core/record.ts";

/** Stands for null in a field; no text of a test has it. */
const NULL_MARK = "\u{F0000}null";
/** Formats whose records have fields of text. */
const TEXT_FORMATS = ["csv", "text"];

/** Whether the records of a source have fields of text; those of the others are JSON. */
export function hasTextFields({ format }: Pick<DecodeSpec, "format">): boolean {
  return TEXT_FORMATS.includes(format);
}

/**
 * How records are read that are given field by field: the same columns, in a dialect of CSV that has a mark for null.
 * Times may stand in ISO notation whatever the source has, since JSON has no other.
 */
export function fieldByField(decode: DecodeSpec): DecodeSpec {
  if (!hasTextFields(decode)) return asWritten(decode);
  const columns = Object.fromEntries(Object.entries(decode.columns).map(([name, column]) => [name, withIso(column)]));
  return { ...decode, format: "csv", options: { nulls: [NULL_MARK] }, columns };
}

/** How records are read whose text is given: in UTF-8; rows of a database, which nobody writes by hand, as JSON. */
export function asWritten(decode: DecodeSpec): DecodeSpec {
  if (decode.format === "pg-copy") return { ...decode, format: "jsonl", options: {} };
  return { ...decode, options: { ...decode.options, encoding: "utf-8" } };
}

/** A field as that dialect has it. */
export function fieldOf(text: string | null): string {
  return text === null ? NULL_MARK : `"${text.replaceAll('"', '""')}"`;
}

function withIso(column: Column): Column {
  return column.formats === undefined ? column : { ...column, formats: [...column.formats, "ISO"] };
}
