/** The fields of a row that its sink needs apart, as texts that stand before the row's own bytes: a message's key. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";
import type { FieldSpan, SourceFields } from "../core/ports/format.ts";
import { fieldsOf } from "../formats/output-fields.ts";
import { putCopy, putUtf8 } from "../formats/put-bytes.ts";
import { unwritable } from "../formats/values/json-text.ts";
import { valueText } from "../formats/values/write-text.ts";
import { GrowingInts } from "./growing-ints.ts";

const NULL_TEXT = -1;

/** Writes them for one sink. Made once a thread; `begin` turns it to the next chunk. */
export class AttachedTexts {
  readonly fields: readonly string[];
  /** Bytes of each text, row by row; -1 for null. */
  readonly lengths = new GrowingInts();

  constructor(fields: readonly string[]) {
    this.fields = fields;
  }

  begin(): void {
    this.lengths.clear();
  }

  /** Takes back what does not belong to the first so many rows. */
  keepRows(rows: number): void {
    this.lengths.length = rows * this.fields.length;
  }

  /**
   * Writes a row's texts: what CSV would show of each field, bytes as they are, nothing for null or a field that is not
   * there.
   *
   * @throws MillraceError NOT_AN_OBJECT; VALUE_INVALID when a value cannot be text
   */
  put(output: unknown, source: SourceFields, to: ByteWriter): void {
    const values = fieldsOf(output);
    for (const field of this.fields) {
      const value = Object.hasOwn(values, field) ? values[field] : undefined;
      const begin = to.length;
      const isNull = value === null || value === undefined;
      if (!isNull) putValue(field, value, source, to);
      this.lengths.push(isNull ? NULL_TEXT : to.length - begin);
    }
  }
}

function putValue(field: string, value: unknown, source: SourceFields, to: ByteWriter): void {
  if (value instanceof Uint8Array) return putCopy(to, value, 0, value.length);
  const span = untouchedText(field, value, source);
  if (span !== undefined) return putCopy(to, source.bytes, span.begin, span.end);
  const text = valueText(value, field, "portable");
  // Two keys must not become one: half a surrogate pair would be written as another character.
  if (!text.isWellFormed()) {
    throw unwritable(field, "the text holds half a surrogate pair");
  }
  putUtf8(to, text);
}

/** Where an untouched field's text lies in the source, if it stands there just as it is to be written. */
function untouchedText(field: string, value: unknown, source: SourceFields): FieldSpan | undefined {
  const index = source.indexOf(field);
  if (index < 0 || !source.isUntouched(index, value)) return undefined;
  const span = source.span(index);
  return span === undefined || span.escaped ? undefined : span;
}
