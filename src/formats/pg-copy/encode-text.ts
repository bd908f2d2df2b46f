/**
 * Rows for COPY .. FROM STDIN in its text format: fields between tabs, `\N` for null, one row a line.
 *
 * Source: PostgreSQL documentation, COPY, "Text Format".
 */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, FieldSpan, SourceFields } from "../../core/ports/format.ts";
import { putEscaped, putEscapedBytes } from "../escapes.ts";
import type { RowFormat } from "../generated/row-code.ts";
import { RowWriters } from "../generated/row-writers.ts";
import { LF } from "../lines.ts";
import { declaredColumns, fieldsOf, type OutputColumns } from "../output-fields.ts";
import { putAscii, putCopy, putNumber } from "../put-bytes.ts";
import { postgresDate, postgresText } from "../values/iso-text.ts";
import { jsonText, unwritable, validInstant } from "../values/json-text.ts";
import { valueText } from "../values/write-text.ts";
import { arrayLiteral } from "./array-literal.ts";
import { type ColumnKind, columnKind } from "./column-kind.ts";
import { copyEscapes } from "./copy-escapes.ts";
import { copyRowFormat } from "./row-format.ts";

const TAB = 9;
const BACKSLASH = 92;
const CAPITAL_N = 78;
const SMALL_Z = 122;
const PLUS = 43;
const MINUS = 45;
/** Behind yyyy-MM-dd, where a minus can only be a zone's. */
const TIME_OFFSET = 10;

/** Writes one column's values. */
interface CopyColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** Encodes outputs as COPY text rows; a listed field that is missing is NULL. */
export class CopyTextEncoder implements Encoder {
  readonly head = new Uint8Array(0);
  readonly #columns: OutputColumns;
  readonly #targets: readonly CopyColumn[];
  readonly #rows = new RowWriters();

  constructor(spec: EncodeSpec) {
    this.#columns = declaredColumns(spec);
    this.#targets = (spec.columns ?? []).map(({ name, type }) => ({ name, kind: columnKind(type) }));
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    const fields = fieldsOf(output);
    if (this.#rows.write(fields, source, to)) return;
    this.#columns.take(fields);
    this.#rows.learn(this.#columns, source, () => this.#rowFormat());
    const { values } = this.#columns;
    const indexes = this.#columns.sourceIndexes(source);
    const count = this.#targets.length;
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (value === undefined || value === null) putNull(to);
      else putField(to, value, this.#targets[i] as CopyColumn, source, indexes[i] as number);
      to.reserve(1);
      to.bytes[to.length++] = i + 1 < count ? TAB : LF;
    }
  }

  #rowFormat(): RowFormat {
    const kinds = this.#targets.map(({ kind }) => kind);
    return copyRowFormat(kinds, (to, column, value, source) => {
      const index = this.#columns.sourceIndexes(source)[column] as number;
      putField(to, value, this.#targets[column] as CopyColumn, source, index);
    });
  }
}

function putNull(to: ByteWriter): void {
  to.reserve(2);
  to.bytes[to.length++] = BACKSLASH;
  to.bytes[to.length++] = CAPITAL_N;
}

function putField(to: ByteWriter, value: unknown, column: CopyColumn, source: SourceFields, index: number): void {
  if (index >= 0 && source.isUntouched(index, value)) {
    const span = source.span(index);
    if (span !== undefined && putUntouched(to, value, column, source, span)) return;
  }
  putValue(to, value, column);
}

/** Copies the source's bytes; or says false when the column wants another notation. */
function putUntouched(
  to: ByteWriter,
  value: unknown,
  column: CopyColumn,
  source: SourceFields,
  span: FieldSpan,
): boolean {
  const { bytes, encoding } = source;
  if (typeof value === "string") {
    if (span.begin === span.end && !span.quoted && !isText(column.kind)) {
      // as COPY CSV reads an unquoted empty field
      putNull(to);
      return true;
    }
    if (encoding === "json" && span.escaped) return false;
  } else if (encoding === "json" && isPlainArray(value, column.kind)) {
    // numbers by their digits, of which JSON.parse loses some
    refuse(putEscaped(to, arrayLiteral(exactItems(bytes, span), column.name, column.kind), copyEscapes), column);
    return true;
  } else if (!keepsNotation(value, column.kind, bytes, span)) {
    return false;
  }
  // the plain text of a JSON string holds neither control characters nor backslashes
  if (encoding === "json" && typeof value !== "object") putCopy(to, bytes, span.begin, span.end);
  else refuse(putEscapedBytes(to, bytes, span, copyEscapes, encoding === "csv" && span.escaped), column);
  if (value instanceof Date && column.kind.family === "other" && zoneNamed(bytes, span) === "none") putAscii(to, "Z");
  return true;
}

/** Whether a value goes into a column as an array of the server's own notation. */
function isPlainArray(value: unknown, { family, array }: ColumnKind): boolean {
  return array && family !== "json" && Array.isArray(value);
}

/** The items of a JSON array; numbers that are not what their digits say as those digits. */
function exactItems(bytes: Uint8Array, { begin, end }: FieldSpan): readonly unknown[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("utf8");
  const digits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && context?.source !== `${value}` ? (context?.source ?? value) : value;
  return JSON.parse(text, digits) as readonly unknown[];
}

/** The zone at the end of a timestamp's text; text that names none is UTC, or it would not be handed on untouched. */
function zoneNamed(bytes: Uint8Array, { begin, end }: FieldSpan): "utc" | "offset" | "none" {
  if (((bytes[end - 1] as number) | 32) === SMALL_Z) return "utc";
  for (let at = begin + TIME_OFFSET; at < end; at++) if (bytes[at] === PLUS || bytes[at] === MINUS) return "offset";
  return "none";
}

/** Whether a column holds the empty text. */
function isText({ family, array }: ColumnKind): boolean {
  return family === "text" && !array;
}

/** Whether Postgres reads the source's text of a value that is no string as that same value. */
function keepsNotation(value: unknown, { family, array }: ColumnKind, bytes: Uint8Array, span: FieldSpan): boolean {
  if (typeof value === "number") return family !== "integer" || !Number.isSafeInteger(value);
  if (value instanceof Date) {
    // the type drops the zone that a text names, so only UTC may stand there
    if (family === "timestamp") return zoneNamed(bytes, span) !== "offset";
    return family !== "date" && family !== "json";
  }
  return !(array && Array.isArray(value));
}

function putValue(to: ByteWriter, value: unknown, column: CopyColumn): void {
  const { name, kind } = column;
  if (typeof value === "string") {
    refuse(putEscaped(to, value, copyEscapes), column);
  } else if (typeof value === "number" && kind.family !== "json") {
    putNumber(to, value);
  } else if (Array.isArray(value) && kind.array) {
    refuse(putEscaped(to, arrayLiteral(value, name, kind), copyEscapes), column);
  } else if (kind.family === "json") {
    refuse(putEscaped(to, jsonText(value, name), copyEscapes), column);
  } else if (value instanceof Date) {
    const instant = validInstant(value, name);
    putAscii(to, kind.family === "date" ? postgresDate(instant) : postgresText(instant));
  } else if (typeof value === "object") {
    refuse(putEscaped(to, valueText(value, name, "postgres"), copyEscapes), column);
  } else {
    putAscii(to, valueText(value, name, "postgres"));
  }
}

function refuse(written: boolean, { name }: CopyColumn): void {
  if (!written)
    throw unwritable(name, "the text holds a NUL character or half a surrogate pair; Postgres holds neither");
}
