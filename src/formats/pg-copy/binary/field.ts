/** One field of a row, whatever its value: its length, then its bytes. The plain way, for all that is not in every row. */
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import type { FieldSpan, SourceFields } from "../../../core/ports/format.ts";
import { type Escapes, FORBIDDEN, putEscapedBytes } from "../../escapes.ts";
import { validInstant } from "../../values/json-text.ts";
import { exactItems, isPlainArray, keepsNotation, standsForNull } from "../untouched.ts";
import { putArray } from "./array.ts";
import { type BinaryColumn, isTextual, type TextualType } from "./binary-type.ts";
import { microsBelowMs } from "./clock.ts";
import { putDirect, putInstant, putScalar, putVersion } from "./scalar.ts";
import { readBytes, stageBytes } from "./stage.ts";
import { forbidden } from "./textual.ts";

/** Bytes of a length. */
const WORD = 4;
const NULL = -1;
/** Texts are as they are; what they may not hold ends them. */
const asIs: Escapes = { letters: forbidden, loneSurrogate: FORBIDDEN };

/**
 * Writes a value into a column.
 *
 * @param index the source's field of the same name, or -1
 * @returns false when only the server can tell what it would read; a part of the field may then be written
 * @throws MillraceError VALUE_INVALID for what COPY text cannot write either
 */
export function putField(
  to: ByteWriter,
  value: unknown,
  column: BinaryColumn,
  source: SourceFields,
  index: number,
): boolean {
  to.reserve(WORD);
  const begin = to.length;
  to.length += WORD;
  to.view.setInt32(begin, NULL);
  if (value === null || value === undefined) return true;
  const span = index >= 0 && source.isUntouched(index, value) ? source.span(index) : undefined;
  if (span !== undefined && typeof value === "string" && standsForNull(span, column.kind)) return true;
  const isWritten =
    span === undefined ? putValue(to, value, column) : putUntouched(to, value, column, { source, span });
  if (isWritten) to.view.setInt32(begin, to.length - begin - WORD);
  return isWritten;
}

function putValue(to: ByteWriter, value: unknown, column: BinaryColumn): boolean {
  const { kind } = column;
  if (!kind.array) return putScalar(to, value, column);
  return Array.isArray(value) && putArray(to, value, column);
}

/** A field's bytes in the source. */
interface SourceText {
  readonly source: SourceFields;
  readonly span: FieldSpan;
}

/** Writes a value that the transform left alone: its bytes may say more than it does. */
function putUntouched(to: ByteWriter, value: unknown, column: BinaryColumn, text: SourceText): boolean {
  const { kind, type } = column;
  const { span, source } = text;
  if (typeof value === "string") {
    return isTextual(type) && !kind.array && !span.escaped ? copyText(to, type, text) : putValue(to, value, column);
  }
  if (source.encoding === "json" && isPlainArray(value, kind)) {
    return putArray(to, exactItems(source.bytes, span), column);
  }
  const isMoved = value instanceof Date && kind.family === "timestamp" && !kind.array;
  if (!isMoved && !keepsNotation(value, kind, source.bytes, span)) return putValue(to, value, column);
  if (kind.array) return false;
  if (value instanceof Date && kind.family !== "text") {
    const ms = validInstant(value, column.name);
    return !isTextual(type) && putInstant(to, type, ms, microsOf(to, text));
  }
  if (isTextual(type)) return copyText(to, type, text);
  if (type.keepsScale !== true && putDirect(to, value, type)) return true;
  return !span.escaped && readBytes(to, type, source.bytes, span.begin, span.end);
}

/** Copies a text as it stands. */
function copyText(to: ByteWriter, type: TextualType, { source, span }: SourceText): boolean {
  putVersion(to, type);
  const begin = to.length;
  const isWritten = putEscapedBytes(to, source.bytes, span, asIs, source.encoding === "csv" && span.escaped);
  return isWritten && to.length - begin <= type.maxBytes;
}

/** What a Date has dropped of its text. */
function microsOf(to: ByteWriter, { source, span: { begin, end } }: SourceText): number {
  const stage = stageBytes(to, source.bytes, begin, end);
  return microsBelowMs(to.view, stage, stage + end - begin);
}
