/** Emits the writer of records that nobody has read: straight code from the fields' bytes to those of the row. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { SourceFields } from "../../core/ports/format.ts";
import type { FieldNotation, PlacedFields } from "../../core/ports/placed-fields.ts";
import { OFFSET } from "../csv/field-index.ts";
import { compile, type Generated, type Scope } from "./compile.ts";
import { isNumber, isWholeNumber } from "./plain-number.ts";
import { copyField, OVERSHOOT } from "./put.ts";

/** As that of row writers. */
const MAX_TEXT = 80_000;

/** Writes one row. @throws MillraceError what `plainly` throws, and leaves a part of the row behind */
export type RowPasser = (placed: PlacedFields, source: SourceFields, to: ByteWriter) => void;

/** One field, for the emitters; the code stands where the field is not null. */
export interface PassedField {
  readonly index: number;
  readonly notation: FieldNotation;
  /** True where the bytes may be copied as they are. */
  readonly isCopied: string;
  /** True where they are a number of JSON: a whole one, or any. */
  readonly isWhole: string;
  readonly isNumber: string;
  /** True where they are one letter. */
  readonly isLetter: (code: number) => string;
  /** Writes them. */
  readonly copy: string;
  /** Writes the field by the format's plain way. */
  readonly plainly: string;
}

/** A format's own part. Its code may use what that of a row format may. */
export interface PassFormat {
  readonly name: string;
  /** What its code names beside that. */
  readonly scope?: Scope;
  /** Bytes at most that a field needs beside its text. */
  readonly labelRoom: number;
  /** Code that stands before the first field, within the room of a label. */
  readonly begin?: string;
  /** Code that writes a field that is null. */
  readonly nothing: (index: number) => string;
  readonly field: (field: PassedField) => string;
  readonly end: string;
  /** Writes a field, whatever it is. */
  plainly(to: ByteWriter, index: number, source: SourceFields): void;
}

/**
 * The writer of rows of some fields of a source.
 *
 * @param fields their numbers, in the order of the row; -1 for one that is always null
 * @returns null where code cannot be generated, or is of no use
 */
export function rowPasser(
  format: PassFormat,
  fields: readonly number[],
  notations: readonly FieldNotation[],
): Generated<RowPasser> | null {
  const room = (fields.length + 1) * format.labelRoom + OVERSHOOT;
  const text = [
    `return function ${format.name}(placed, source, to) {`,
    "  const { words, at, closer, view: from } = placed;",
    `  const room = ${room} + placed.size;`,
    "  to.reserve(room);",
    "  let { bytes, view } = to;",
    "  const start = to.length;",
    "  let p = start, q = 0, begin = 0, word = 0, end = 0;",
    format.begin ?? "",
    ...fields.map((field, index) => fieldCode(format, index, field, notations[field] as FieldNotation)),
    format.end,
    "  to.length = p;",
    "};",
  ].join("\n");
  if (fields.length === 0 || text.length > MAX_TEXT) return null;
  const scope = { ...format.scope, copyField, isWholeNumber, isNumber, plainly: format.plainly.bind(format) };
  return compile(format.name, scope satisfies Scope, text);
}

function fieldCode(format: PassFormat, index: number, field: number, notation: FieldNotation): string {
  if (field < 0) return `  ${format.nothing(index)}`;
  const code = format.field({
    index,
    notation,
    isCopied: "(word & closer) === 0",
    isWhole: "isWholeNumber(from, begin, end)",
    isNumber: "isNumber(from, begin, end)",
    isLetter: (code) => `end - begin === 1 && from.getUint8(begin) === ${code}`,
    copy: "p = copyField(view, p, from, begin, end);",
    plainly: `to.length = p; plainly(to, ${index}, source); to.reserve(room); ({ bytes, view } = to); p = to.length;`,
  });
  return [
    `  begin = words[at + ${2 * field}]; word = words[at + ${2 * field + 1}]; end = word & ${OFFSET};`,
    `  if (begin > end) { ${format.nothing(index)} }`,
    `  else ${code}`,
  ].join("\n");
}
