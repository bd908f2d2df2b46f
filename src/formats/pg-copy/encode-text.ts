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
import { digitsBelowMs, exactItems, isPlainArray, keepsNotation, standsForNull, zoneNamed } from "./untouched.ts";

const TAB = 9;
const BACKSLASH = 92;
const CAPITAL_N = 78;

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
      return true;
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
    if (standsForNull(span, column.kind)) {
      putNull(to);
      return true;
    }
    if (encoding === "json" && span.escaped) return false;
  } else if (encoding === "json" && isPlainArray(value, column.kind)) {
    // numbers by their digits, of which JSON.parse loses some
    refuse(putEscaped(to, arrayLiteral(exactItems(bytes, span), column.name, column.kind), copyEscapes), column);
    return true;
  } else if (!keepsNotation(value, column.kind, bytes, span)) {
    return putMovedTime(to, value, column, digitsBelowMs(bytes, span));
  }
  // the plain text of a JSON string holds neither control characters nor backslashes
  if (encoding === "json" && typeof value !== "object") putCopy(to, bytes, span.begin, span.end);
  else refuse(putEscapedBytes(to, bytes, span, copyEscapes, encoding === "csv" && span.escaped), column);
  if (value instanceof Date && column.kind.family === "other" && zoneNamed(bytes, span) === "none") putAscii(to, "Z");
  return true;
}

/** Writes a time of another zone as UTC, with what a Date has dropped of it; or says false for any other value. */
function putMovedTime(to: ByteWriter, value: unknown, { name, kind }: CopyColumn, dropped: string): boolean {
  if (!(value instanceof Date) || kind.family !== "timestamp" || kind.array) return false;
  putAscii(to, postgresText(validInstant(value, name)).replace("Z", `${dropped}Z`));
  return true;
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
