/** The record that was read last: its values, and what its fields were in the source. */
import { MillraceError } from "../../core/errors.ts";
import type { FieldEncoding, FieldSpan, RecordFault, SourceFields } from "../../core/ports/format.ts";
import type { PlacedFields } from "../../core/ports/placed-fields.ts";
import type { DataRecord } from "../../core/record.ts";
import { INVALID, TEXT } from "../values/column-reader.ts";
import { isSameContent } from "../values/same-content.ts";
import type { Dialect } from "./dialect.ts";
import { fieldCount, notInEncoding, notOfType, unexpectedNull } from "./field-faults.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, OFFSET, QUOTED, SPECIAL } from "./field-index.ts";
import { type FieldPlan, meansNull } from "./field-plan.ts";
import { FieldText } from "./field-text.ts";
import { type RecordBuilder, recordBuilder } from "./record-builder.ts";
import { type ReaderState, type RecordReader, recordReader } from "./record-reader.ts";

const DOUBLE_QUOTE = 34;
/** Files of fewer records are done sooner without. */
const GENERATE_AFTER = 256;

/** What a {@link CurrentRecord} is made of. */
export interface CurrentRecordParts {
  /** One for each field that is read, in the record's order. */
  readonly plans: readonly FieldPlan[];
  /** Fields that a record of the source has. */
  readonly headerWidth: number;
  readonly dialect: Dialect;
  readonly index: FieldIndex;
  /** Notation of the fields' bytes; csv when absent. */
  readonly encoding?: FieldEncoding;
  /** Records that are read before code is generated for the header; its making costs as much as they do. */
  readonly generateAfter?: number | undefined;
}

/** Reads the records of an index, one at a time. */
export class CurrentRecord implements SourceFields {
  readonly encoding: FieldEncoding;
  readonly names: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #plans: readonly FieldPlan[];
  readonly #headerWidth: number;
  readonly #build: RecordBuilder;
  readonly #dialect: Dialect;
  readonly #index: FieldIndex;
  readonly #text: FieldText;
  /** Whether escapes look the way {@link FieldSpan} says. */
  readonly #doubledQuotes: boolean;
  /** What `read` gave, field by field (the record itself may since have been changed), and where it came from. */
  readonly #state: ReaderState;
  /** Generated; null where that cannot be, and at first. */
  #reader: RecordReader | null = null;
  /** Records to be read before it is. */
  #plainReads: number;
  #isGenerated = false;
  /** The record that was placed and not read, or -1. */
  #placed = -1;
  /** What `span` gives, again and again. */
  readonly #span = { begin: 0, end: 0, escaped: false, quoted: false };
  #first = 0;
  #width = 0;
  #fault: RecordFault | null = null;

  constructor(parts: CurrentRecordParts) {
    const { plans, headerWidth, dialect, index, encoding = "csv", generateAfter = GENERATE_AFTER } = parts;
    this.encoding = encoding;
    this.names = plans.map(({ name }) => name);
    this.#headerWidth = headerWidth;
    this.#numbers = new Map(this.names.map((name, number) => [name, number]));
    this.#plans = plans;
    this.#build = recordBuilder(this.names);
    this.#dialect = dialect;
    this.#index = index;
    this.#text = new FieldText(dialect);
    this.#doubledQuotes = dialect.quote === DOUBLE_QUOTE && dialect.escape === DOUBLE_QUOTE;
    this.#state = this.#emptyState();
    this.#plainReads = generateAfter;
  }

  get bytes(): Buffer {
    return this.#text.bytes;
  }

  /** Reads from other bytes, which the index describes. */
  reset(bytes: Buffer): void {
    this.#text.reset(bytes);
    this.#state.bytes = bytes;
    this.#state.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#width = 0;
  }

  /** Makes a well-formed record the current one; null when a value is at fault, see {@link fault}. */
  read(record: number): DataRecord | null {
    const index = this.#index;
    const expected = this.#headerWidth;
    const width = index.width(record);
    this.#first = index.firstField(record);
    this.#width = Math.min(width, expected);
    if (width !== expected && !(width < expected && this.#dialect.padRagged))
      return this.#refuse(fieldCount(width, expected));
    const start = index.start(record);
    const stop = index.stop(record);
    this.#text.enter(start, stop);
    this.#placed = -1;
    if (this.#plainReads >= 0 && this.#plainReads-- === 0) this.#generate();
    this.#isGenerated = this.#reader !== null && width === expected;
    return this.#isGenerated ? this.#readGenerated(stop - start) : this.#readPlain();
  }

  /** Makes a record that is as wide as its header the current one, and reads none of it. */
  place(record: number): void {
    const [index, state] = [this.#index, this.#state];
    this.#first = index.firstField(record);
    this.#width = this.#headerWidth;
    this.#isGenerated = false;
    this.#placed = record;
    state.words = index.fields;
    state.at = 2 * this.#first;
    state.size = index.stop(record) - index.start(record);
  }

  /** For encoders; only while everything about the current record is in them. */
  get registers(): ReaderState | undefined {
    return this.#isGenerated ? this.#state : undefined;
  }

  get placed(): PlacedFields | undefined {
    return this.#placed >= 0 ? this.#state : undefined;
  }

  #generate(): void {
    const plans = this.#plans;
    this.#reader = recordReader(plans, (field) => this.#readText(field, plans[field] as FieldPlan))?.run ?? null;
  }

  #readGenerated(size: number): DataRecord | null {
    const state = this.#state;
    state.words = this.#index.fields;
    state.at = 2 * this.#first;
    state.size = size;
    state.window = this.#text.window;
    state.windowStart = this.#text.windowStart;
    return (this.#reader as RecordReader)(state);
  }

  #readPlain(): DataRecord | null {
    const { length } = this.#plans;
    for (let field = 0; field < length; field++) if (this.#keep(field) === INVALID) return null;
    return this.#build(this.#state.values);
  }

  /** Reads a field into the state; gives its value, or INVALID. */
  #keep(field: number): unknown {
    const plan = this.#plans[field] as FieldPlan;
    const { values, times } = this.#state;
    const value = this.#readField(field, plan);
    if (value === INVALID) return INVALID;
    values[field] = value;
    if (plan.comparison === "time" && value instanceof Date) times[field] = value.getTime();
    return value;
  }

  /** Reads one field of a record that was placed. */
  #valueOf(field: number): unknown {
    this.#text.enter(this.#index.start(this.#placed), this.#index.stop(this.#placed));
    const value = this.#keep(field);
    if (value !== INVALID) return value;
    const { code, message } = this.#fault as RecordFault;
    throw new MillraceError(code, message);
  }

  /** Why `read` gave null. */
  get fault(): RecordFault | null {
    return this.#fault;
  }

  indexOf(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  isUntouched(index: number, value: unknown): boolean {
    const given = this.#state.values[index];
    const { comparison } = this.#plans[index] as FieldPlan;
    if (comparison === "value" || typeof given !== "object" || given === null) return Object.is(value, given);
    if (comparison === "time") return value === given && (given as Date).getTime() === this.#state.times[index];
    return this.#isSameContent(index, value);
  }

  isNull(index: number): boolean {
    return this.#state.values[index] === null && this.#standsForNull(index);
  }

  span(index: number): FieldSpan | undefined {
    if (index >= this.#width || this.isNull(index)) return undefined;
    const at = 2 * (this.#first + index);
    const begin = this.#index.fields[at] as number;
    const word = this.#index.fields[at + 1] as number;
    const escaped = (word & ESCAPED) !== 0;
    if (escaped && !this.#doubledQuotes) return undefined;
    if ((word & NON_ASCII) !== 0 && this.#dialect.encoding !== "utf-8") return undefined;
    const { plain } = this.#plans[index] as FieldPlan;
    if (plain !== undefined && !plain(this.#text.read(begin, word) ?? "")) return undefined;
    const span = this.#span;
    span.begin = begin;
    span.end = word & OFFSET;
    span.escaped = escaped;
    span.quoted = (word & QUOTED) !== 0;
    return span;
  }

  whole(): undefined {
    return undefined;
  }

  #emptyState(): ReaderState {
    const utf8 = this.#dialect.encoding === "utf-8";
    return {
      values: this.names.map(() => null),
      kinds: this.#plans.map(({ kind }) => kind),
      notations: this.#plans.map(({ notation = "other" }) => notation),
      types: this.#plans.map(({ sourceType = "" }) => sourceType),
      valueOf: (field) => this.#valueOf(field),
      times: new Float64Array(this.names.length),
      words: this.#index.fields,
      at: 0,
      separator: this.#dialect.delimiter,
      closer: SPECIAL | ESCAPED | (utf8 ? 0 : NON_ASCII),
      bytes: this.bytes,
      view: new DataView(new ArrayBuffer(0)),
      size: 0,
      window: "",
      windowStart: 0,
    };
  }

  /** The value of a field, or INVALID when that is a fault. Nearly all fields are read by the first lines of it. */
  #readField(field: number, plan: FieldPlan): unknown {
    if (plan.direct && field < this.#width) {
      const at = 2 * (this.#first + field);
      const begin = this.#index.fields[at] as number;
      const word = this.#index.fields[at + 1] as number;
      const end = word & OFFSET;
      if ((word & (NON_ASCII | ESCAPED)) === 0 && begin < end) {
        const value = plan.readBytes === undefined ? TEXT : plan.readBytes(this.#text.bytes, begin, end);
        if (value === TEXT) return this.#text.ascii(begin, end);
        if (value !== INVALID) return value;
      }
    }
    return this.#readText(field, plan);
  }

  /** The same by way of the field's text, whatever it holds. */
  #readText(field: number, plan: FieldPlan): unknown {
    if (field >= this.#width) return this.#null(plan);
    const at = 2 * (this.#first + field);
    const begin = this.#index.fields[at] as number;
    const word = this.#index.fields[at + 1] as number;
    if (begin > (word & OFFSET)) return this.#null(plan);
    const text = this.#text.read(begin, word);
    if (text === null) return this.#invalid(notInEncoding(plan, this.#dialect));
    if ((word & QUOTED) === 0 && meansNull(text, plan, this.#dialect.nullMarks)) return this.#null(plan);
    if (plan.reader === undefined) return text;
    const value = plan.reader.read(text);
    if (value === INVALID) return this.#invalid(notOfType(plan, text));
    return value;
  }

  #null(plan: FieldPlan): null | typeof INVALID {
    return plan.refusesNull ? this.#invalid(unexpectedNull(plan)) : null;
  }

  #invalid(fault: RecordFault): typeof INVALID {
    this.#fault = fault;
    return INVALID;
  }

  #refuse(fault: RecordFault): null {
    this.#fault = fault;
    return null;
  }

  /** JSON and bytes can be changed in place, so the field is read a second time. */
  #isSameContent(index: number, value: unknown): boolean {
    if (typeof value !== "object" || value === null) return Object.is(value, this.#state.values[index]);
    return isSameContent(value, this.#readField(index, this.#plans[index] as FieldPlan));
  }

  /** A JSON column's text `null` gives null too, but stands for itself. */
  #standsForNull(index: number): boolean {
    if (index >= this.#width) return true;
    const at = 2 * (this.#first + index);
    const word = this.#index.fields[at + 1] as number;
    if ((word & QUOTED) !== 0) return false;
    if ((this.#index.fields[at] as number) > (word & OFFSET)) return true;
    const text = this.#text.read(this.#index.fields[at] as number, word) ?? "";
    return meansNull(text, this.#plans[index] as FieldPlan, this.#dialect.nullMarks);
  }
}
