/** From a column's declaration to its reader. SEMANTICS "Values" says what each type gives. */
import type { Column } from "../../core/record.ts";
import { booleanReader } from "./boolean.ts";
import { bytesReader } from "./bytes.ts";
import { dateReader } from "./dates.ts";
import { jsonReader } from "./json.ts";
import { bigintReader, decimalReader, floatReader, intReader } from "./numbers.ts";
import type { ColumnReader } from "./reader.ts";
import { stringReader, uuidReader } from "./strings.ts";
import { timestampReader } from "./timestamps.ts";

export { anyPlain, type ColumnReader, INVALID, TEXT } from "./reader.ts";

/**
 * The reader of a declared column.
 *
 * @throws MillraceError CONFIG_INVALID for a date pattern or a time zone that does not exist
 *
 * @example
 * columnReader({ type: "int" }).read("42"); // 42
 * columnReader({ type: "int" }).read("4 2"); // INVALID
 */
export function columnReader(column: Column): ColumnReader {
  switch (column.type) {
    case "string":
      return stringReader;
    case "int":
      return intReader;
    case "bigint":
      return bigintReader;
    case "float":
      return floatReader;
    case "decimal":
      return decimalReader;
    case "boolean":
      return booleanReader;
    case "date":
      return dateReader(column);
    case "timestamp":
      return timestampReader(column);
    case "uuid":
      return uuidReader;
    case "json":
      return jsonReader;
    case "bytes":
      return bytesReader;
  }
}
