/** What the bytes of a field that a transform left alone are to a column. */
import type { FieldSpan } from "../../core/ports/format.ts";
import type { ColumnKind } from "./column-kind.ts";

const SMALL_Z = 122;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
/** Of a second's fraction, those of its milliseconds. */
const MS_DIGITS = 3;
/** Behind yyyy-MM-dd, where a minus can only be a zone's. */
const TIME_OFFSET = 10;

/** Whether a text is null in a column: as COPY CSV reads an unquoted empty field, only text holds the empty one. */
export function standsForNull({ begin, end, quoted }: FieldSpan, { family, array }: ColumnKind): boolean {
  return begin === end && !quoted && (family !== "text" || array);
}

/** Whether a value goes into a column as an array of the server's own notation. */
export function isPlainArray(value: unknown, { family, array }: ColumnKind): boolean {
  return array && family !== "json" && Array.isArray(value);
}

/** The items of a JSON array; numbers that are not what their digits say as those digits. */
export function exactItems(bytes: Uint8Array, { begin, end }: FieldSpan): readonly unknown[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("utf8");
  const digits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && context?.source !== `${value}` ? (context?.source ?? value) : value;
  return JSON.parse(text, digits) as readonly unknown[];
}

/** The zone at the end of a timestamp's text; text that names none is UTC, or it would not be handed on untouched. */
export function zoneNamed(bytes: Uint8Array, { begin, end }: FieldSpan): "utc" | "offset" | "none" {
  if (((bytes[end - 1] as number) | 32) === SMALL_Z) return "utc";
  for (let at = begin + TIME_OFFSET; at < end; at++) {
    if (bytes[at] === PLUS || bytes[at] === MINUS) return isZero(bytes, at + 1, end) ? "utc" : "offset";
  }
  return "none";
}

/** Whether an offset, with or without a colon, is none. */
function isZero(bytes: Uint8Array, begin: number, end: number): boolean {
  return bytes.subarray(begin, end).every((byte) => byte === ZERO || byte === COLON);
}

/** The digits of a timestamp's text below the millisecond, which a Date has dropped; often none. */
export function digitsBelowMs(bytes: Uint8Array, { begin, end }: FieldSpan): string {
  const time = bytes.subarray(begin + TIME_OFFSET, end);
  const point = time.indexOf(POINT);
  if (point < 0) return "";
  const stop = time.findIndex((byte, at) => at > point && !(byte >= ZERO && byte <= NINE));
  return Buffer.from(time.subarray(point + 1 + MS_DIGITS, stop < 0 ? time.length : stop)).toString("latin1");
}

/** Whether Postgres reads the source's text of a value that is no string as that same value. */
export function keepsNotation(
  value: unknown,
  { family, array }: ColumnKind,
  bytes: Uint8Array,
  span: FieldSpan,
): boolean {
  if (typeof value === "number") return family !== "integer" || !Number.isSafeInteger(value);
  if (value instanceof Date) {
    // the type drops the zone that a text names, so only UTC may stand there
    if (family === "timestamp") return zoneNamed(bytes, span) !== "offset";
    return family !== "date" && family !== "json";
  }
  return !(array && Array.isArray(value));
}
