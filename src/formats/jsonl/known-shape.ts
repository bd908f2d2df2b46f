/** Records whose object has the keys of those before, in the same order and notation: nearly all of most sources. */
import type { FieldSpan } from "../../core/ports/format.ts";
import type { Columns } from "../../core/record.ts";
import { OFFSET, QUOTED, SPECIAL } from "../csv/field-index.ts";
import { digitsEnd } from "../values/ascii.ts";
import { INVALID } from "../values/column-reader.ts";
import { type LineReader, lineReader, type LineState } from "./line-reader.ts";
import { planMembers, type MemberPlan } from "./member-plan.ts";

const ZERO = 48;
const MINUS = 45;
const POINT = 46;
/** More digits are no exact double. */
const EXACT_DIGITS = 15;
/** Bytes that are made a string at once; values are slices of it. */
const WINDOW = 48 * 1024;
const LITERALS: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ["null", null],
  ["true", true],
  ["false", false],
]);

/** What a shape is learned from. */
export interface ShapeSample {
  readonly keys: readonly string[];
  /** The bytes before each value, its key among them: blanks between the tokens are a part of the shape. */
  readonly labels: readonly Buffer[];
  /** The bytes behind the last value. */
  readonly tail: Buffer;
  /** Whether each value stood in quotes. */
  readonly quoted: readonly boolean[];
  readonly values: readonly unknown[];
}

/**
 * Reads objects of one shape in a single pass over their bytes, declared columns included. What it cannot read, faults
 * first of all, it leaves to JSON.parse: it says null, and never otherwise than JSON.parse would.
 */
export class KnownShape {
  /** For encoders; see FieldRegisters. */
  readonly registers: LineState;
  readonly names: readonly string[];
  readonly #plans: readonly MemberPlan[];
  readonly #read: LineReader;
  #windowEnd = 0;

  /** @throws MillraceError CONFIG_INVALID for a declared date pattern or time zone that does not exist */
  constructor(sample: ShapeSample, columns: Columns) {
    this.names = sample.keys;
    this.#plans = planMembers(sample, columns);
    this.registers = emptyState(this.#plans);
    const readOther = (member: number, at: number, end: number): unknown => this.#readOther(member, at, end);
    this.#read = lineReader(this.#plans, sample.tail, readOther)?.run ?? (() => null);
  }

  /** Reads from other bytes, which are UTF-8. */
  reset(bytes: Buffer): void {
    const state = this.registers;
    state.bytes = bytes;
    state.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    state.window = "";
    state.windowStart = 0;
    this.#windowEnd = 0;
  }

  /** The record in `bytes[begin, end)`, or null. */
  read(begin: number, end: number): Record<string, unknown> | null {
    const state = this.registers;
    if (end > OFFSET) return null;
    if (begin < state.windowStart || end > this.#windowEnd) this.#moveWindow(begin, end);
    return this.#read(state, begin, end);
  }

  /** As SourceFields has it, of the record that was read last. */
  isUntouched(index: number, value: unknown): boolean {
    const { values, times } = this.registers;
    if (value !== values[index]) return false;
    return typeof value !== "object" || value === null || (value instanceof Date && value.getTime() === times[index]);
  }

  /** As SourceFields has it; fills `span`. */
  span(index: number, span: { -readonly [K in keyof FieldSpan]: FieldSpan[K] }): FieldSpan | undefined {
    const { words } = this.registers;
    const word = words[2 * index + 1] as number;
    span.begin = words[2 * index] as number;
    span.end = word & OFFSET;
    span.escaped = false;
    span.quoted = (word & QUOTED) !== 0;
    return (word & SPECIAL) === 0 || this.#keepsNotation(index, span) ? span : undefined;
  }

  /** Whether the bytes of a value that was converted still are its plain text. */
  #keepsNotation(index: number, { begin, end, quoted }: FieldSpan): boolean {
    const { bytes, values } = this.registers;
    // "5" became 5: the quotes would make it a string again
    if (quoted && !(values[index] instanceof Date)) return false;
    return this.#plans[index]?.reader?.plain(bytes.toString("utf8", begin, end)) ?? false;
  }

  #moveWindow(begin: number, end: number): void {
    const state = this.registers;
    state.windowStart = begin;
    this.#windowEnd = Math.min(state.bytes.length, Math.max(end, begin + WINDOW));
    state.window = state.bytes.toString("latin1", begin, this.#windowEnd);
  }

  /** A value that is no string, or needs a closer look: it goes into the registers, or is INVALID. */
  #readOther(member: number, at: number, end: number): unknown {
    const { bytes } = this.registers;
    const first = bytes[at] as number;
    return first === MINUS || (first >= ZERO && first < ZERO + 10)
      ? this.#readNumber(member, at, end)
      : this.#readLiteral(member, at, end);
  }

  /** A number in the one notation that its digits have; `1.0`, `1e3` and `-0` are somebody else's. */
  #readNumber(member: number, at: number, end: number): unknown {
    const { bytes } = this.registers;
    const begin = bytes[at] === MINUS ? at + 1 : at;
    const point = digitsEnd(bytes, begin, end);
    if (point === begin || (bytes[begin] === ZERO && point > begin + 1)) return INVALID;
    const hasFraction = bytes[point] === POINT;
    const stop = hasFraction ? digitsEnd(bytes, point + 1, end) : point;
    if (hasFraction && stop === point + 1) return INVALID;
    const value = hasFraction || stop - at > EXACT_DIGITS ? Number(this.#text(at, stop)) : wholeOf(bytes, at, stop);
    if (Object.is(value, -0) || (hasFraction && Number.isInteger(value))) return INVALID;
    return this.#put(member, value, at, stop);
  }

  #readLiteral(member: number, at: number, end: number): unknown {
    let stop = at;
    while (stop < end && (this.registers.bytes[stop] as number) > 96) stop++;
    const value = LITERALS.get(this.#text(at, stop));
    if (value === undefined) return INVALID;
    if (value === null && (this.#plans[member] as MemberPlan).required) return INVALID;
    return this.#put(member, value, at, stop);
  }

  #put(member: number, value: number | boolean | null, begin: number, end: number): unknown {
    const { reader, kind } = this.#plans[member] as MemberPlan;
    const { values, words } = this.registers;
    const read = reader === undefined || value === null ? value : this.#convert(reader, value, begin, end);
    // generated writers would take the digits for a text
    const isOther = read !== value;
    if (read === INVALID || (isOther && kind !== "other")) return INVALID;
    words[2 * member] = begin;
    words[2 * member + 1] = isOther ? end | SPECIAL : end;
    values[member] = read;
    return read;
  }

  #convert(reader: NonNullable<MemberPlan["reader"]>, value: number | boolean, begin: number, end: number): unknown {
    return reader.exact ? reader.readJson(value, this.#text(begin, end)) : reader.readJson(value);
  }

  #text(begin: number, end: number): string {
    const { window, windowStart } = this.registers;
    return window.slice(begin - windowStart, end - windowStart);
  }
}

function emptyState(plans: readonly MemberPlan[]): LineState {
  return {
    kinds: plans.map(({ kind }) => kind),
    values: plans.map(() => null),
    times: new Float64Array(plans.length),
    words: new Int32Array(2 * plans.length),
    at: 0,
    closer: SPECIAL,
    separator: 0,
    view: new DataView(new ArrayBuffer(0)),
    size: 0,
    bytes: Buffer.alloc(0),
    window: "",
    windowStart: 0,
  };
}

/** A sign perhaps, and few digits. */
function wholeOf(bytes: Uint8Array, begin: number, end: number): number {
  const isNegative = bytes[begin] === MINUS;
  let value = 0;
  for (let at = isNegative ? begin + 1 : begin; at < end; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  return isNegative ? -value : value;
}
