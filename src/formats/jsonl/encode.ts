/** Outputs as JSON lines. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, FieldSpan, SourceFields } from "../../core/ports/format.ts";
import type { PlacedFields } from "../../core/ports/placed-fields.ts";
import { type Escapes, escapeTable, putEscaped, putEscapedBytes } from "../escapes.ts";
import { LF } from "../lines.ts";
import type { PassFormat } from "../generated/pass-code.ts";
import { type PassPlan, RowPassers } from "../generated/row-passers.ts";
import { RowWriters } from "../generated/row-writers.ts";
import { declaredColumns, fieldsOf, type OutputFields, OutputColumns, sameNames } from "../output-fields.ts";
import { putByte, putCopy, putNumber, putUtf8 } from "../put-bytes.ts";
import { putStamp, type Stamp, stampOf } from "../stamp.ts";
import { jsonText } from "../values/json-text.ts";
import { jsonEscapes } from "./json-escapes.ts";
import { jsonPassFormat } from "./pass-format.ts";
import { jsonRowFormat } from "./row-format.ts";

const BLANK = 32;
const QUOTE = 34;
const OPEN = 123;
const CLOSE = 125;
/** From this length on a native search beats a loop. */
const LOOP_LIMIT = 64;

const noEscapes: Escapes = escapeTable({}, { controls: 0, nul: 0, loneSurrogate: 0 });

const NULL = stampOf("null");

/** How a field begins; the comma of the first one becomes the brace. */
interface Member {
  readonly name: string;
  /** `,"name":` */
  readonly label: Stamp;
  /** `,"name":"` */
  readonly stringLabel: Stamp;
}

/** Encodes one output a line: any JSON value, or the columns of an object when the sink has columns. */
export class JsonLinesEncoder implements Encoder {
  readonly head = new Uint8Array(0);
  readonly #declared: OutputColumns | null;
  readonly #rows = new RowWriters();
  readonly #passers = new RowPassers();
  #keys: OutputColumns;
  #members: readonly Member[];

  constructor(spec: EncodeSpec) {
    this.#keys = declaredColumns(spec);
    this.#declared = spec.columns === null ? null : this.#keys;
    this.#members = this.#keys.names.map(memberOf);
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    if (this.#declared !== null) {
      const fields = fieldsOf(output);
      if (this.#rows.write(fields, source, to)) return;
      this.#declared.take(fields);
      this.#learn(source);
      this.#putFields(to, source);
    } else {
      const line = source.whole(output);
      if (line !== undefined) putOneLine(to, source.bytes, line);
      else if (source.registers !== undefined && isRecord(output) && this.#rows.write(output, source, to)) return;
      else this.#putAny(to, output, source);
    }
    putByte(to, LF);
  }

  pass(source: SourceFields, to: ByteWriter): boolean {
    return this.#passers.pass(source, to, this.#passPlan);
  }

  readonly #passPlan = (source: SourceFields): PassPlan | null => {
    const names = this.#keysOf(source.names);
    return names && { format: passFormat(names), fields: names.map((name) => source.indexOf(name)) };
  };

  /** The keys that a record with these fields has, in the order in which it is written; null when one is no column. */
  #keysOf(names: readonly string[]): readonly string[] | null {
    const declared = this.#declared?.names;
    if (declared === undefined) return Object.keys(Object.fromEntries(names.map((name) => [name, null])));
    return names.every((name) => declared.includes(name)) ? declared.filter((name) => names.includes(name)) : null;
  }

  #putAny(to: ByteWriter, output: unknown, source: SourceFields): void {
    if (!isRecord(output)) return putUtf8(to, jsonText(output, "value"));
    if (!this.#keys.takeAlike(output)) this.#takeKeys(output);
    this.#learn(source);
    this.#putFields(to, source);
  }

  #learn(source: SourceFields): void {
    const members = this.#members;
    this.#rows.learn(this.#keys, source, () =>
      jsonRowFormat(
        members.map(({ name }) => name),
        (to, column, value, from) => {
          const member = members[column] as Member;
          putMember(to, member, value, from, from.indexOf(member.name));
          return true;
        },
      ),
    );
  }

  #takeKeys(output: OutputFields): void {
    const keys = Object.keys(output);
    if (!sameNames(keys, this.#keys.names)) {
      this.#keys = new OutputColumns(keys, "ignore");
      this.#members = keys.map(memberOf);
    }
    this.#keys.take(output);
  }

  #putFields(to: ByteWriter, source: SourceFields): void {
    const { values } = this.#keys;
    const members = this.#members;
    const indexes = this.#keys.sourceIndexes(source);
    const start = to.length;
    for (let i = 0; i < members.length; i++) {
      const value = values[i];
      if (value !== undefined) putMember(to, members[i] as Member, value, source, indexes[i] as number);
    }
    if (to.length === start) putByte(to, OPEN);
    else to.bytes[start] = OPEN;
    putByte(to, CLOSE);
  }
}

/** Whether an output is written field by field: not an array, and nothing that has its own way to become JSON. */
function isRecord(output: unknown): output is OutputFields {
  if (typeof output !== "object" || output === null) return false;
  const prototype: unknown = Object.getPrototypeOf(output);
  return prototype === Object.prototype || prototype === null;
}

function memberOf(name: string): Member {
  const label = `,${JSON.stringify(name)}:`;
  return { name, label: stampOf(label), stringLabel: stampOf(`${label}"`) };
}

function putMember(to: ByteWriter, member: Member, value: unknown, source: SourceFields, index: number): void {
  if (index >= 0 && value !== null && source.isUntouched(index, value)) {
    const span = source.span(index);
    if (span !== undefined && putUntouched(to, member, value, source, span)) return;
  }
  putValue(to, member, value);
}

function passFormat(names: readonly string[]): PassFormat {
  const members = names.map(memberOf);
  return jsonPassFormat(names, (to, index, source) => passMember(to, members[index] as Member, source));
}

/** Writes a field of a record that nobody has read. */
function passMember(to: ByteWriter, member: Member, source: SourceFields): void {
  const index = source.indexOf(member.name);
  const placed = source.placed as PlacedFields;
  const text = placed.notations[index] === "text" ? source.span(index) : undefined;
  if (text !== undefined) {
    putText(to, member, "", source.bytes, text, "text");
    return;
  }
  const value = placed.valueOf(index);
  const span = source.span(index);
  if (span === undefined || !putUntouched(to, member, value, source, span)) putValue(to, member, value);
}

/** Copies the source's bytes of a field that still is what it was; or says false when they are no JSON. */
function putUntouched(
  to: ByteWriter,
  member: Member,
  value: unknown,
  { bytes, encoding }: SourceFields,
  span: FieldSpan,
): boolean {
  if (encoding !== "json") return putText(to, member, value, bytes, span, encoding);
  if (span.quoted) {
    putStamp(to, member.stringLabel);
    putCopy(to, bytes, span.begin, span.end + 1);
  } else {
    putStamp(to, member.label);
    if (typeof value === "object") putOneLine(to, bytes, span);
    else putCopy(to, bytes, span.begin, span.end);
  }
  return true;
}

/**
 * Text that is no JSON: a string is quoted, numbers and booleans in plain notation stand as they are, JSON is JSON. Of
 * Postgres' text what JSON has no notation for (NaN, bytes) is the text that Postgres reads back.
 */
function putText(
  to: ByteWriter,
  member: Member,
  value: unknown,
  bytes: Uint8Array,
  span: FieldSpan,
  encoding: "csv" | "text",
): boolean {
  const isNoNumber = typeof value === "number" && !Number.isFinite(value);
  if (isNoNumber && encoding === "csv") return false;
  if (typeof value === "string" || value instanceof Date || isNoNumber || value instanceof Uint8Array) {
    putStamp(to, member.stringLabel);
    putEscapedBytes(to, bytes, span, jsonEscapes, span.escaped);
    putByte(to, QUOTE);
    return true;
  }
  putStamp(to, member.label);
  const start = to.length;
  putEscapedBytes(to, bytes, span, noEscapes, span.escaped);
  blankLineEnds(to, start);
  return true;
}

/** JSON text may hold line ends between its tokens; there blanks mean the same. */
function blankLineEnds({ bytes, length }: ByteWriter, start: number): void {
  if (length - start <= LOOP_LIMIT) {
    for (let at = start; at < length; at++) if (bytes[at] === LF) bytes[at] = BLANK;
    return;
  }
  const written = bytes.subarray(start, length);
  for (let at = written.indexOf(LF); at !== -1; at = written.indexOf(LF, at + 1)) written[at] = BLANK;
}

/** Copies JSON text so that it stays on one line. */
function putOneLine(to: ByteWriter, from: Uint8Array, { begin, end }: Pick<FieldSpan, "begin" | "end">): void {
  const start = to.length;
  putCopy(to, from, begin, end);
  blankLineEnds(to, start);
}

function putValue(to: ByteWriter, { name, label, stringLabel }: Member, value: unknown): void {
  if (typeof value === "string") {
    putStamp(to, stringLabel);
    putEscaped(to, value, jsonEscapes);
    putByte(to, QUOTE);
    return;
  }
  putStamp(to, label);
  if (value === null) putStamp(to, NULL);
  else if (typeof value === "number" && Number.isFinite(value)) putNumber(to, value);
  else putUtf8(to, jsonText(value, name));
}
