/** How generated row writers write rows of COPY's binary format. */
import { OFFSET } from "../../csv/field-index.ts";
import { SHORT_TEXT } from "../../generated/put.ts";
import { type ColumnCode, copyCode, isDigits, type RowFormat } from "../../generated/row-code.ts";
import { endsInZ } from "../row-format.ts";
import { type BinaryColumn, isTextual, type ParsedType, READ_ROOM, type TextualType } from "./binary-type.ts";
import { microsBelowMs } from "./clock.ts";
import { date } from "./date.ts";
import { forbidden } from "./textual.ts";
import { timestamp } from "./timestamp.ts";

/** Bytes of a length. */
const WORD = 4;
const NULL = -1;
const COUNT = 2;
/** Higher limits are never met by what is copied here. */
const MAX_CHECKED = 1 << 20;
const NOT_EMPTY = ' && value !== ""';
/** Where a short text is put to be read, behind all that may be read from it. */
const STAGE = WORD + SHORT_TEXT + READ_ROOM;

/** The writer of rows into these columns. */
export function binaryRowFormat(columns: readonly BinaryColumn[], plainly: RowFormat["plainly"]): RowFormat {
  const scope: Record<string, unknown> = { forbidden, microsBelowMs, endsInZ };
  columns.forEach(({ type }, i) => {
    if (isTextual(type)) return;
    scope[`read${i}`] = type.read;
    scope[`put${i}`] = type.put;
    scope[`instant${i}`] = type.putInstant;
  });
  return {
    name: "writeBinaryRow",
    scope,
    labelRoom: STAGE + COUNT,
    begin: `  view.setInt16(p, ${columns.length}); p += ${COUNT};`,
    column: (column) => fieldCode(column, columns[column.index] as BinaryColumn),
    plainly,
  };
}

/** Code that writes `value` with its length before it. */
export function fieldCode(column: ColumnCode, { type, kind }: BinaryColumn): string {
  const isNull = `  if (value === null || value === undefined) { view.setInt32(p, ${NULL}); p += ${WORD}; }`;
  if (kind.array) return `${isNull}\n  else ${column.plainly}`;
  const holdsEmpty = kind.family === "text";
  const ways = isTextual(type) ? textWays(column, type, holdsEmpty) : valueWays(column, type);
  return [
    isNull,
    "  else {",
    "    q = -1;",
    ...ways.map((way, i) => `    ${i === 0 ? "" : "else "}${way}`),
    `    if (q >= 0) { view.setInt32(p, q - p - ${WORD}); p = q; }`,
    `    else ${column.plainly}`,
    "  }",
  ].join("\n");
}

/** Code that sets `q` to the offset behind a text; a text that may stand for null is left to the plain way. */
function textWays(column: ColumnCode, type: TextualType, holdsEmpty: boolean): readonly string[] {
  const { kind, isUntouched, word } = column;
  const at = `p + ${type.version === undefined ? WORD : WORD + 1}`;
  const short = `putShort(bytes, ${at}, value, forbidden)`;
  const isCopied = `${isUntouched} && (${word} & closer) === 0`;
  const text = kind === "text" ? `${isCopied} ? ${copyCode(column, at)} : ${short}` : short;
  const version = type.version === undefined ? "" : `bytes[p + ${WORD}] = ${type.version}; `;
  const limit = type.maxBytes < MAX_CHECKED ? ` if (q - p - ${WORD} > ${type.maxBytes}) q = -1;` : "";
  const hasOwnText = kind === "text" || kind === "none";
  return [
    ...(hasOwnText
      ? [`if (typeof value === "string"${holdsEmpty ? "" : NOT_EMPTY}) { ${version}q = ${text};${limit} }`]
      : []),
    ...(holdsEmpty && limit === "" ? [`if (${isDigits(column)}) q = putInteger(bytes, ${at}, value);`] : []),
  ];
}

/** The same for a type with a form of its own. */
function valueWays(column: ColumnCode, type: ParsedType): readonly string[] {
  const { index, kind, isUntouched, word, begin } = column;
  const at = `view, p + ${WORD}`;
  const staged = `(q = putShort(bytes, p + ${STAGE}, value, forbidden)) < 0 ? q : read${index}(${at}, view, p + ${STAGE}, q)`;
  const isCopied = `${isUntouched} && (${word} & closer) === 0`;
  const read = `read${index}(${at}, from, ${begin}, ${word} & ${OFFSET})`;
  const text = kind === "text" ? `${isCopied} ? ${read} : ${staged}` : staged;
  const hasOwnText = kind === "text" || kind === "none";
  const hasInstant = type.putInstant !== undefined && kind !== "other";
  const isPlain = `typeof value !== "string" && typeof value !== "object"`;
  return [
    ...(hasOwnText ? [`if (typeof value === "string"${NOT_EMPTY}) q = ${text};`] : []),
    ...(hasInstant ? [`if (value instanceof Date) ${instantCode(column, type)}`] : []),
    `if (${type.keepsScale === true ? isDigits(column) : isPlain}) q = put${index}(${at}, value);`,
  ];
}

/** Code for a Date, with what its text says below the millisecond. */
function instantCode({ index, kind, isUntouched, word, begin }: ColumnCode, type: ParsedType): string {
  const put = (micros: string): string => `q = instant${index}(view, p + ${WORD}, value.getTime(), ${micros});`;
  if (kind !== "time" || type === date) return put("0");
  // a type without a zone drops the one that a text names, so only UTC may stand there
  const utc = type === timestamp ? ` && endsInZ(from, ${word})` : "";
  const micros = `microsBelowMs(from, ${begin}, ${word} & ${OFFSET})`;
  return `{\n      if (!(${isUntouched})) ${put("0")}\n      else if ((${word} & closer) === 0${utc}) ${put(micros)}\n    }`;
}
