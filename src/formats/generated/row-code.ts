/** Emits the writer of rows of one shape. The frame is the same for all formats; how a value becomes bytes is the format's. */
import type { FieldRegisters, SourceFields } from "../../core/ports/format.ts";
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import { OFFSET } from "../csv/field-index.ts";
import type { OutputFields } from "../output-fields.ts";
import { compile, type Generated, type Scope } from "./compile.ts";
import { copyField, INTEGER_ROOM, OVERSHOOT, putInteger, putShort, SHORT_TEXT } from "./put.ts";

/** Longer texts (about 100 columns) make functions that the engine does not compile to its fastest code. */
const MAX_TEXT = 80_000;

/**
 * Writes one row, or says false: the output has another shape, or a value is not for this format. A part of the row may then
 * be left behind.
 *
 * @throws MillraceError whatever the format's plain way throws, and leaves a part of the row behind
 */
export type RowWriter = (
  output: OutputFields,
  registers: FieldRegisters,
  source: SourceFields,
  to: ByteWriter,
) => boolean;

/** What a row writer is made for. */
export interface RowShape {
  /** Every key of the output, in its order. */
  readonly keys: readonly string[];
  /** The columns to write; each is one of the keys. */
  readonly columns: readonly string[];
  readonly source: SourceFields;
  readonly registers: FieldRegisters;
  /** An output of this shape, by column: a text that it left as it was in the source will be looked for there. */
  readonly sample: readonly unknown[];
}

/** One column, for the emitters. */
export interface ColumnCode {
  readonly index: number;
  /**
   * What kind of field of the source has the same name. A text that is rarely left as it was counts as `none`: written or
   * copied its bytes are the same, and comparing strings that differ costs more than writing them.
   */
  readonly kind: FieldRegisters["kinds"][number] | "none";
  /** Where that field begins and ends in the index. */
  readonly begin: string;
  readonly word: string;
  /** True for a `value` that is what the field gave; a number has to be asked {@link isDigits} instead. */
  readonly isUntouched: string;
  /** Writes the field by the format's plain way. */
  readonly plainly: string;
}

/**
 * A format's own part. Its code may use `value`, `words`, `closer`, `bytes`, `view`, `start` (where the row begins), `p`
 * (where the next byte goes) and the functions of `put.ts`.
 */
export interface RowFormat {
  readonly name: string;
  /** What its code names beside that. */
  readonly scope: Scope;
  /** Bytes at most that a column needs beside its value. */
  readonly labelRoom: number;
  /** Before the first column. */
  readonly begin?: string;
  readonly column: (column: ColumnCode) => string;
  readonly end?: string;
  /** Writes `value` of a column, whatever it is; false when the row has to be written otherwise. */
  plainly(to: ByteWriter, column: number, value: unknown, source: SourceFields): boolean;
}

/** The writer of rows of a shape; null where code cannot be generated, or is of no use. */
export function rowWriter(format: RowFormat, shape: RowShape): Generated<RowWriter> | null {
  const { keys, columns } = shape;
  const text = rowCode(format, shape);
  if (columns.length === 0 || text.length > MAX_TEXT) return null;
  const scope: Record<string, unknown> = { ...format.scope, keys, copyField, putShort, putInteger };
  scope["plainly"] = format.plainly.bind(format);
  columns.forEach((name, i) => (scope[`name${i}`] = keys.find((key) => key === name)));
  return compile(format.name, scope, text);
}

/** The text of it. */
function rowCode(format: RowFormat, shape: RowShape): string {
  const { keys, columns } = shape;
  const room = columns.length * (format.labelRoom + SHORT_TEXT + INTEGER_ROOM) + OVERSHOOT;
  return [
    `return function ${format.name}(output, registers, source, to) {`,
    "  let next = 0;",
    "  for (const key in output) if (key !== keys[next++]) return false;",
    `  if (next !== ${keys.length}) return false;`,
    "  const { values, times, words, at, closer, view: from } = registers;",
    `  const room = ${room} + registers.size;`,
    "  to.reserve(room);",
    "  let { bytes, view } = to;",
    "  const start = to.length;",
    "  let p = start, q = 0, value = null;",
    ...(format.begin === undefined ? [] : [format.begin]),
    ...columns.map((name, i) => `  value = output[name${i}];\n${format.column(columnCode(name, i, shape))}`),
    ...(format.end === undefined ? [] : [format.end]),
    "  to.length = p;",
    "  return true;",
    "};",
  ].join("\n");
}

function columnCode(name: string, index: number, { source, registers, sample }: RowShape): ColumnCode {
  const field = source.indexOf(name);
  const kind = field < 0 ? "none" : kindOf(registers, field, sample[index]);
  const same = `value === values[${field}]`;
  return {
    index,
    kind,
    begin: `words[at + ${2 * field}]`,
    word: `words[at + ${2 * field + 1}]`,
    isUntouched: kind === "time" ? `${same} && value instanceof Date && value.getTime() === times[${field}]` : same,
    plainly: `{ to.length = p; if (!plainly(to, ${index}, value, source)) return false; to.reserve(room); ({ bytes, view } = to); p = to.length; }`,
  };
}

function kindOf({ kinds, values }: FieldRegisters, field: number, sample: unknown): ColumnCode["kind"] {
  const kind = kinds[field] as ColumnCode["kind"];
  return kind === "text" && typeof sample === "string" && sample !== values[field] ? "none" : kind;
}

/** An expression that copies the column's source field and gives the offset behind it. */
export function copyCode({ begin, word }: ColumnCode, at = "p"): string {
  return `copyField(view, ${at}, from, ${begin}, ${word} & ${OFFSET})`;
}

/**
 * The condition under which a number's digits are what the plain way writes: it is whole, and its source, if it has one,
 * holds no other notation of it (`-0`, or what a float or bigint stood as).
 */
export function isDigits({ kind, begin, word, isUntouched }: ColumnCode): string {
  const whole = `typeof value === "number" && (value | 0) === value`;
  if (kind === "int") return `${whole} && (value !== 0 || (${word} & ${OFFSET}) - ${begin} === 1)`;
  return kind === "other" ? `${whole} && !(${isUntouched})` : whole;
}
