/** The one place where a JavaScript value becomes text for CSV and COPY; what null is, the encoders know. */
import { isoText, postgresText } from "./iso-text.ts";
import { base64Text, jsonText, unwritable, validInstant } from "./json-text.ts";

/**
 * Which notation is wanted where there are several. `portable`: bytes as base64, years beyond 9999 as ECMAScript writes
 * them; `postgres`: bytes as `\x` and hexadecimal digits, years as Postgres reads them.
 */
export type TextNotation = "portable" | "postgres";

/**
 * The text of a value that is neither null nor undefined; not yet escaped for any format.
 *
 * Strings as they are; numbers by their shortest decimal text (from 1e21 on with an exponent, which Postgres reads too);
 * booleans true and false; Date as ISO 8601 in UTC with milliseconds; arrays and objects as JSON, save for those whose
 * `toJSON` gives a string, which is their text (decimal and date classes).
 *
 * @param column told in errors
 * @throws MillraceError VALUE_INVALID for an invalid Date, a function, a symbol or what {@link jsonText} refuses
 */
export function valueText(value: unknown, column: string, notation: TextNotation): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return `${value}`;
    case "object":
      return objectText(value as object, column, notation);
    default:
      throw unwritable(column, `a ${typeof value} cannot be written`);
  }
}

function objectText(value: object, column: string, notation: TextNotation): string {
  if (value instanceof Date) {
    const instant = validInstant(value, column);
    return notation === "postgres" ? postgresText(instant) : isoText(instant);
  }
  if (value instanceof Uint8Array) return notation === "postgres" ? hexText(value) : base64Text(value);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    const replaced: unknown = value.toJSON();
    return typeof replaced === "string" ? replaced : jsonText(replaced, column);
  }
  return jsonText(value, column);
}

function hexText(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}
