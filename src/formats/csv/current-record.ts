/** The record that was read last: its values, and what its fields were in the source. */
import type { RecordFault, FieldSpan, SourceFields } from "../../core/ports/format.ts";
import type { Columns, DataRecord } from "../../core/record.ts";
import { INVALID, TEXT } from "../values/column-reader.ts";
import type { Dialect } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, OFFSET, QUOTED } from "./field-index.ts";
import { type FieldPlan, meansNull, planFields } from "./field-plan.ts";
import { FieldText } from "./field-text.ts";
import { type RecordBuilder, recordBuilder } from "./record-builder.ts";

/** Characters of a bad value that a message shows. */
const SHOWN = 60;

const DOUBLE_QUOTE = 34;

/** Reads the records of an index, one at a time. */
export class CurrentRecord implements SourceFields {
  readonly encoding = "csv";
  readonly names: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #plans: readonly FieldPlan[];
  readonly #build: RecordBuilder;
  readonly #dialect: Dialect;
  readonly #index: FieldIndex;
  readonly #text: FieldText;
  /** Whether escapes look the way {@link FieldSpan} says. */
  readonly #doubledQuotes: boolean;
  /** What `read` gave, field by field; the record itself may since have been changed. */
  readonly #values: unknown[];
  /** Their times, where they are Dates. */
  readonly #times: Float64Array;
  /** What `span` gives, again and again. */
  readonly #span = { begin: 0, end: 0, escaped: false, quoted: false };
  #first = 0;
  #width = 0;
  #fault: RecordFault | null = null;

  constructor(names: readonly string[], columns: Columns, dialect: Dialect, index: FieldIndex) {
    this.names = names;
    this.#numbers = new Map(names.map((name, number) => [name, number]));
    this.#plans = planFields(names, columns, dialect);
    this.#build = recordBuilder(names);
    this.#dialect = dialect;
    this.#index = index;
    this.#text = new FieldText(dialect);
    this.#doubledQuotes = dialect.quote === DOUBLE_QUOTE && dialect.escape === DOUBLE_QUOTE;
    this.#values = names.map(() => null);
    this.#times = new Float64Array(names.length);
  }

  get bytes(): Buffer {
    return this.#text.bytes;
  }

  /** Reads from other bytes, which the index describes. */
  reset(bytes: Buffer): void {
    this.#text.reset(bytes);
    this.#width = 0;
  }

  /** Makes a well-formed record the current one; null when a value is at fault, see {@link fault}. */
  read(record: number): DataRecord | null {
    const index = this.#index;
    const plans = this.#plans;
    const expected = plans.length;
    const width = index.width(record);
    this.#first = index.firstField(record);
    this.#width = Math.min(width, expected);
    if (width !== expected && !(width < expected && this.#dialect.padRagged))
      return this.#refuse(fieldCount(width, expected));
    this.#text.enter(index.start(record), index.stop(record));
    for (let field = 0; field < expected; field++) {
      const plan = plans[field] as FieldPlan;
      const value = this.#readField(field, plan);
      if (value === INVALID) return null;
      this.#values[field] = value;
      if (plan.comparison === "time" && value !== null) this.#times[field] = (value as Date).getTime();
    }
    return this.#build(this.#values);
  }

  /** Why `read` gave null. */
  get fault(): RecordFault | null {
    return this.#fault;
  }

  indexOf(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  isUntouched(index: number, value: unknown): boolean {
    const given = this.#values[index];
    const { comparison } = this.#plans[index] as FieldPlan;
    if (comparison === "value" || given === null) return Object.is(value, given);
    if (comparison === "time") return value === given && (given as Date).getTime() === this.#times[index];
    return this.#isSameContent(index, value);
  }

  isNull(index: number): boolean {
    return this.#values[index] === null && this.#standsForNull(index);
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
    const text = this.#text.read(begin, word);
    if (text === null) return this.#invalid(notInEncoding(plan));
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
    if (typeof value !== "object" || value === null) return Object.is(value, this.#values[index]);
    const again = this.#readField(index, this.#plans[index] as FieldPlan);
    if (again instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(value, again) === 0;
    return jsonOf(value) === jsonOf(again);
  }

  /** A JSON column's text `null` gives null too, but stands for itself. */
  #standsForNull(index: number): boolean {
    if (index >= this.#width) return true;
    const at = 2 * (this.#first + index);
    const word = this.#index.fields[at + 1] as number;
    if ((word & QUOTED) !== 0) return false;
    const text = this.#text.read(this.#index.fields[at] as number, word) ?? "";
    return meansNull(text, this.#plans[index] as FieldPlan, this.#dialect.nullMarks);
  }
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // a cycle or a bigint that the transform put in
  }
}

function fieldCount(found: number, expected: number): RecordFault {
  const hint =
    found < expected ? "add the missing ones, or set csv.ragged to pad" : "quote a field that holds the delimiter";
  return { code: "CSV_FIELD_COUNT", message: `${fields(found)} where the header has ${expected}: ${hint}` };
}

function fields(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function notInEncoding({ name }: FieldPlan): RecordFault {
  return {
    code: "ENCODING_INVALID",
    message: `${JSON.stringify(name)}: the bytes are not valid UTF-8; set csv.encoding to what the file is written in`,
  };
}

function unexpectedNull({ name }: FieldPlan): RecordFault {
  return { code: "VALUE_NULL", message: `${JSON.stringify(name)}: null in a column that is declared nullable: false` };
}

function notOfType({ name, reader }: FieldPlan, text: string): RecordFault {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return {
    code: "VALUE_INVALID",
    message: `${JSON.stringify(name)}: expected ${reader?.expected}, found ${JSON.stringify(shown)}`,
  };
}
