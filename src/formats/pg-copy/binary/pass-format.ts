/** How generated writers write rows of COPY text that nobody has read as rows of its binary format. */
import type { PlacedFields } from "../../../core/ports/placed-fields.ts";
import type { PassedField, PassFormat } from "../../generated/pass-code.ts";
import { type BinaryColumn, type BinaryType, isTextual, READ_ROOM } from "./binary-type.ts";
import { binaryType } from "./types.ts";

/** Bytes of a length, and of the number of fields. */
const WORD = 4;
const NULL = -1;
const COUNT = 2;
/** Higher limits are never met by what is copied here. */
const MAX_CHECKED = 1 << 20;

/**
 * Whether a source's field can go into a column by its text alone: both have the same type, or the column holds texts.
 *
 * @param placed what the source knows of its fields
 */
export function isPassed({ notations, types }: PlacedFields, field: number, { type, kind }: BinaryColumn): boolean {
  if (kind.array) return false;
  const sourceType = typeOf(types[field]);
  if (type === sourceType) return true;
  // what has no type of its own here (an enumeration, an interval) is a text in all columns but those of JSON
  const takesText = kind.family === "text" || (sourceType === undefined && kind.family !== "json");
  return isTextual(type) && notations[field] === "text" && takesText;
}

/** An array has the type of its elements, and a notation of its own. */
function typeOf(spelled = ""): BinaryType | undefined {
  return spelled.endsWith("[]") ? undefined : binaryType(spelled);
}

/** The writer of rows into these columns, of which some fields of the source are `columns[i]`; all others are null. */
export function binaryPassFormat(columns: readonly BinaryColumn[], plainly: PassFormat["plainly"]): PassFormat {
  const scope: Record<string, unknown> = {};
  columns.forEach(({ type }, i) => {
    if (!isTextual(type)) scope[`read${i}`] = type.read;
  });
  return {
    name: "passBinaryRow",
    scope,
    labelRoom: WORD + READ_ROOM,
    begin: `  view.setInt16(p, ${columns.length}); p += ${COUNT};`,
    nothing: () => `view.setInt32(p, ${NULL}); p += ${WORD};`,
    field: (field) => passedFieldCode(field, columns[field.index] as BinaryColumn),
    end: "",
    plainly,
  };
}

/** Code that writes a field behind its length. */
function passedFieldCode({ index, isCopied, copy, plainly }: PassedField, { type }: BinaryColumn): string {
  if (!isTextual(type)) {
    return [
      `{ q = read${index}(view, p + ${WORD}, from, begin, end);`,
      `    if (q >= 0) { view.setInt32(p, q - p - ${WORD}); p = q; } else { ${plainly} } }`,
    ].join("\n");
  }
  const isShort = type.maxBytes < MAX_CHECKED ? ` && end - begin <= ${type.maxBytes}` : "";
  const version = type.version === undefined ? "" : `bytes[p++] = ${type.version}; `;
  const length = type.version === undefined ? "end - begin" : "end - begin + 1";
  return `if (${isCopied}${isShort}) { view.setInt32(p, ${length}); p += ${WORD}; ${version}${copy} } else { ${plainly} }`;
}
