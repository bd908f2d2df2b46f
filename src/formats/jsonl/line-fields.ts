/** The current record of JSON lines as it stood in the source. */
import type { FieldSpan, SourceFields } from "../../core/ports/format.ts";
import { sameNames } from "../output-fields.ts";
import type { PickedFields } from "./field-picker.ts";
import type { ColumnReader } from "../values/column-reader.ts";
import { ESCAPED, FieldScanner, QUOTED } from "./field-scanner.ts";
import type { KnownShape, ShapeSample } from "./known-shape.ts";
import type { LineState } from "./line-reader.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** How a field became a value that JSON has no notation for. */
interface Conversion {
  /** What stood in the source: a string's text, or a number's digits. */
  readonly text: string;
  readonly reader: ColumnReader;
  /** Of a Date, which the transform may set to another time; else NaN. */
  readonly instant: number;
}

/**
 * What an encoder asks, answered from a copy of the values that the transform was given (it may change the record itself)
 * and from the bytes, which are scanned for fields only when something of them is asked for.
 */
export class LineFields implements SourceFields {
  readonly encoding = "json";
  bytes: Buffer = Buffer.alloc(0);
  /** The same array as before for a record with the same fields, so that encoders can keep what they derive from it. */
  names: readonly string[] = [];
  /** The names in the source, and those that `select` and `rename` leave. */
  #keys: readonly string[] = this.names;
  #pickedNames: readonly string[] = this.names;
  /** For each name the number of its field in the source's object; null: they are all of them. */
  #sources: readonly number[] | null = null;
  readonly #scanner = new FieldScanner();
  readonly #numbers = new Map<string, number>();
  /** By number of field; undefined for fields that are what JSON.parse made of them. */
  readonly #conversions: (Conversion | undefined)[] = [];
  readonly #span: Mutable<FieldSpan> = { begin: 0, end: 0, escaped: false, quoted: false };
  #numbered: readonly string[] = this.names;
  #record: unknown;
  /** What read the current record, if JSON.parse has not. */
  #shape: KnownShape | null = null;
  #values: readonly unknown[] = [];
  #begin = 0;
  #end = 0;
  /** For each name the number of its field in the scanner; only when they differ. */
  #fieldOfName: readonly number[] | null = null;
  #scanned = false;
  #next = 0;

  /** Turns to the next chunk; there is no current record until the next `enter`. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.#record = undefined;
    this.#shape = null;
  }

  /** For encoders; only while everything about the current record is in them. */
  get registers(): LineState | undefined {
    return this.#shape?.registers;
  }

  /** Turns to a record as JSON.parse gave it, which lies in `bytes[begin, end)`. */
  enter(record: unknown, begin: number, end: number): void {
    this.#turnTo(record, begin, end);
    this.#shape = null;
    this.#scanned = false;
    if (this.#conversions.length > 0) this.#conversions.length = 0;
    const keys = isFields(record) ? Object.keys(record) : [];
    if (!sameNames(keys, this.#keys)) this.#keys = keys;
    this.names = this.#keys;
    this.#sources = null;
  }

  /** Turns to a record that was read as one of a known shape. */
  enterKnown(shape: KnownShape, record: Record<string, unknown>, begin: number, end: number): void {
    this.#turnTo(record, begin, end);
    this.#shape = shape;
    this.names = shape.names;
  }

  #turnTo(record: unknown, begin: number, end: number): void {
    this.#record = record;
    this.#begin = begin;
    this.#end = end;
    this.#next = 0;
  }

  /** What a shape can be learned from: the current record, which JSON.parse has read; null where its keys are not as they stand. */
  sample(): ShapeSample | null {
    if (!this.#scanned) this.#scan();
    if (this.#fieldOfName !== null) return null;
    const labels: Buffer[] = [];
    let from = this.#begin;
    const quoted = this.#keys.map((_, field) => {
      const quote = (this.#scanner.valueFlags(field) & QUOTED) === 0 ? 0 : 1;
      labels.push(this.bytes.subarray(from, this.#scanner.valueBegin(field) - quote));
      from = this.#scanner.valueEnd(field) + quote;
      return quote === 1;
    });
    return { keys: this.#keys, labels, tail: this.bytes.subarray(from, this.#end), quoted, values: this.#values };
  }

  /** Turns to fields taken from the current record, which from now on are all there are. */
  pick({ record, sources }: PickedFields): void {
    this.#record = record;
    this.#sources = sources;
    this.#next = 0;
    const names = Object.keys(record);
    if (!sameNames(names, this.#pickedNames)) this.#pickedNames = names;
    this.names = this.#pickedNames;
    this.#values = Object.values(record);
  }

  /** Copies the values as they are now, which is when the transform gets them. */
  keepValues(): void {
    this.#values = isFields(this.#record) ? Object.values(this.#record) : [];
  }

  /** Notes that field `index` was read by its column's reader into `value`, which is not what JSON.parse made of it. */
  noteConverted(index: number, value: unknown, text: string, reader: ColumnReader): void {
    this.#conversions[index] = { text, reader, instant: value instanceof Date ? value.getTime() : Number.NaN };
  }

  /** The field's text: what stands between a string's quotes, or all of another value. */
  text(index: number): string {
    const field = this.#field(index);
    return this.bytes.toString("utf8", this.#scanner.valueBegin(field), this.#scanner.valueEnd(field));
  }

  indexOf(name: string): number {
    if (this.names[this.#next] === name) return this.#next++;
    if (this.#numbered !== this.names) {
      this.#numbered = this.names;
      this.#numbers.clear();
      this.names.forEach((known, index) => this.#numbers.set(known, index));
    }
    const index = this.#numbers.get(name) ?? -1;
    this.#next = index + 1;
    return index;
  }

  isUntouched(index: number, value: unknown): boolean {
    if (this.#shape !== null) return this.#shape.isUntouched(index, value);
    if (value !== this.#values[index]) return false;
    if (typeof value !== "object" || value === null) return true;
    const conversion = this.#conversions[this.#source(index)];
    if (conversion !== undefined) return value instanceof Date && value.getTime() === conversion.instant;
    const field = this.#field(index);
    return this.#isSameJson(value, this.#scanner.valueBegin(field), this.#scanner.valueEnd(field));
  }

  span(index: number): FieldSpan | undefined {
    if (this.#shape !== null) return this.#shape.span(index, this.#span);
    const field = this.#field(index);
    const flags = this.#scanner.valueFlags(field);
    const conversion = this.#conversions[this.#source(index)];
    if (conversion !== undefined && !keepsNotation(conversion, flags)) return undefined;
    this.#span.begin = this.#scanner.valueBegin(field);
    this.#span.end = this.#scanner.valueEnd(field);
    this.#span.escaped = (flags & ESCAPED) !== 0;
    this.#span.quoted = (flags & QUOTED) !== 0;
    return this.#span;
  }

  isNull(index: number): boolean {
    return (this.#shape?.registers.values ?? this.#values)[index] === null;
  }

  whole(value: unknown): { readonly begin: number; readonly end: number } | undefined {
    if (value !== this.#record || value === undefined) return undefined;
    if (this.#shape === null && this.#sources !== null) return undefined;
    if (isFields(value) ? !this.#isWhole(value) : !this.#isSameValue(value)) return undefined;
    return { begin: this.#begin, end: this.#end };
  }

  #isWhole(record: Readonly<Record<string, unknown>>): boolean {
    if (!sameNames(Object.keys(record), this.names)) return false;
    for (let i = 0; i < this.names.length; i++) {
      if (!this.isUntouched(i, record[this.names[i] as string])) return false;
    }
    if (this.#shape !== null) return this.names.every((_, index) => this.span(index) !== undefined);
    return this.#conversions.every((conversion, index) => conversion === undefined || this.span(index) !== undefined);
  }

  /** A record that is an array or no object at all. */
  #isSameValue(value: unknown): boolean {
    return typeof value !== "object" || value === null || this.#isSameJson(value, this.#begin, this.#end);
  }

  /** Whether an array or object still is what its bytes say. */
  #isSameJson(value: object, begin: number, end: number): boolean {
    try {
      return JSON.stringify(JSON.parse(this.bytes.toString("utf8", begin, end))) === JSON.stringify(value);
    } catch {
      // something was put into it that is not JSON
      return false;
    }
  }

  /** The number of a field in the source's object. */
  #source(index: number): number {
    return this.#sources === null ? index : (this.#sources[index] as number);
  }

  /** The number of a field in the scanner. */
  #field(index: number): number {
    if (!this.#scanned) this.#scan();
    const source = this.#source(index);
    return this.#fieldOfName === null ? source : (this.#fieldOfName[source] as number);
  }

  #scan(): void {
    this.#scanned = true;
    this.#scanner.scan(this.bytes, this.#begin);
    const names = this.#keys;
    let same = this.#scanner.count === names.length;
    for (let i = 0; same && i < names.length; i++) same = this.#scanner.hasPlainKey(i, names[i] as string);
    this.#fieldOfName = same ? null : this.#matchNames();
  }

  /** Keys with escapes, keys twice (the last one counts), keys that are numbers (objects list them first). */
  #matchNames(): readonly number[] {
    const fields = new Map<string, number>();
    for (let field = 0; field < this.#scanner.count; field++) fields.set(this.#scanner.key(field), field);
    return this.#keys.map((name) => fields.get(name) as number);
  }
}

/** Whether a JSON value has fields. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the bytes of a field that was converted still are plain text of its value. */
function keepsNotation({ text, reader, instant }: Conversion, flags: number): boolean {
  // "5" became 5: the quotes would make it a string again
  if ((flags & QUOTED) !== 0 && ((flags & ESCAPED) !== 0 || Number.isNaN(instant))) return false;
  return reader.plain(text);
}
