/** Outputs as JSON lines. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, FieldSpan, SourceFields } from "../../core/ports/format.ts";
import { type Escapes, escapeTable, putEscaped, putEscapedBytes, UNICODE } from "../escapes.ts";
import { LF } from "../lines.ts";
import { declaredColumns, fieldsOf, type OutputFields, OutputColumns, sameNames } from "../output-fields.ts";
import { putAscii, putByte, putCopy, putUtf8 } from "../put-bytes.ts";
import { jsonText } from "../values/json-text.ts";

const BLANK = 32;
const QUOTE = 34;
const COMMA = 44;
const OPEN = 123;
const CLOSE = 125;

/** RFC 8259: everything below U+0020, quotes and backslashes; a lone surrogate as JSON.stringify writes it. */
const jsonEscapes: Escapes = escapeTable(
  { "\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\" },
  { controls: UNICODE, nul: UNICODE, loneSurrogate: UNICODE },
);

const noEscapes: Escapes = escapeTable({}, { controls: 0, nul: 0, loneSurrogate: 0 });

/** Encodes one output a line: any JSON value, or the columns of an object when the sink has columns. */
export class JsonLinesEncoder implements Encoder {
  readonly head = new Uint8Array(0);
  readonly #declared: OutputColumns | null;
  #keys: OutputColumns;
  #labels: readonly Buffer[];

  constructor(spec: EncodeSpec) {
    this.#keys = declaredColumns(spec);
    this.#declared = spec.columns === null ? null : this.#keys;
    this.#labels = this.#keys.names.map(labelOf);
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    if (this.#declared !== null) {
      const fields = fieldsOf(output);
      this.#declared.refuseOthers(fields);
      this.#putFields(to, fields, source);
    } else {
      this.#putAny(to, output, source);
    }
    putByte(to, LF);
  }

  #putAny(to: ByteWriter, output: unknown, source: SourceFields): void {
    const line = source.whole(output);
    if (line !== undefined) return putOneLine(to, source.bytes, line);
    if (!isRecord(output)) return putUtf8(to, jsonText(output, "value"));
    const keys = Object.keys(output);
    if (!sameNames(keys, this.#keys.names)) {
      this.#keys = new OutputColumns(keys, "ignore");
      this.#labels = keys.map(labelOf);
    }
    this.#putFields(to, output, source);
  }

  #putFields(to: ByteWriter, fields: OutputFields, source: SourceFields): void {
    const { names } = this.#keys;
    const indexes = this.#keys.sourceIndexes(source);
    putByte(to, OPEN);
    const first = to.length;
    for (let i = 0; i < names.length; i++) {
      const value = this.#keys.value(fields, i);
      if (value === undefined) continue;
      if (to.length > first) putByte(to, COMMA);
      const label = this.#labels[i] as Buffer;
      putCopy(to, label, 0, label.length);
      const index = indexes[i] as number;
      if (value === null) putAscii(to, "null");
      else if (!putUntouched(to, value, source, index)) putValue(to, value, names[i] as string);
    }
    putByte(to, CLOSE);
  }
}

/** Whether an output is written field by field: not an array, and nothing that has its own way to become JSON. */
function isRecord(output: unknown): output is OutputFields {
  if (typeof output !== "object" || output === null) return false;
  const prototype: unknown = Object.getPrototypeOf(output);
  return prototype === Object.prototype || prototype === null;
}

/** `"name":` as it stands before every value of a field. */
function labelOf(name: string): Buffer {
  return Buffer.from(`${JSON.stringify(name)}:`);
}

/** Copies the source's bytes of a field that still is what it was; false when there are none to copy. */
function putUntouched(to: ByteWriter, value: unknown, source: SourceFields, index: number): boolean {
  if (index < 0 || !source.isUntouched(index, value)) return false;
  const span = source.span(index);
  if (span === undefined) return false;
  if (source.encoding === "csv") return putCsvField(to, value, source.bytes, span);
  if (typeof value === "object" && !span.quoted) putOneLine(to, source.bytes, span);
  else if (span.quoted) putCopy(to, source.bytes, span.begin - 1, span.end + 1);
  else putCopy(to, source.bytes, span.begin, span.end);
  return true;
}

/** Text of CSV: a string is quoted, numbers and booleans in plain notation stand as they are, JSON is JSON. */
function putCsvField(to: ByteWriter, value: unknown, bytes: Uint8Array, span: FieldSpan): boolean {
  if (typeof value === "number" && !Number.isFinite(value)) return false;
  if (typeof value === "string" || value instanceof Date) {
    putByte(to, QUOTE);
    putEscapedBytes(to, bytes, span, jsonEscapes, span.escaped);
    putByte(to, QUOTE);
    return true;
  }
  const start = to.length;
  putEscapedBytes(to, bytes, span, noEscapes, span.escaped);
  blankLineEnds(to, start);
  return true;
}

/** JSON text may hold line ends between its tokens; there blanks mean the same. */
function blankLineEnds(to: ByteWriter, start: number): void {
  const written = to.bytes.subarray(start, to.length);
  for (let at = written.indexOf(LF); at !== -1; at = written.indexOf(LF, at + 1)) written[at] = BLANK;
}

/** Copies JSON text so that it stays on one line. */
function putOneLine(to: ByteWriter, from: Uint8Array, { begin, end }: Pick<FieldSpan, "begin" | "end">): void {
  const start = to.length;
  putCopy(to, from, begin, end);
  blankLineEnds(to, start);
}

function putValue(to: ByteWriter, value: unknown, column: string): void {
  if (typeof value === "string") {
    putByte(to, QUOTE);
    putEscaped(to, value, jsonEscapes);
    putByte(to, QUOTE);
  } else {
    putUtf8(to, jsonText(value, column));
  }
}
