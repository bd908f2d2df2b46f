/** How generated row writers write COPY text. */
import { OFFSET } from "../csv/field-index.ts";
import { type ColumnCode, copyCode, isDigits, type RowFormat } from "../generated/row-code.ts";
import { stampCode, stampRoom } from "../generated/stamp-code.ts";
import type { ColumnKind } from "./column-kind.ts";
import { copyEscapes } from "./copy-escapes.ts";

const TAB = 9;
const LF = 10;
const SPACE = 32;
const SMALL_Z = 122;
const NULL = "\\N";

/** The writer of rows into columns of these kinds. */
export function copyRowFormat(kinds: readonly ColumnKind[], plainly: RowFormat["plainly"]): RowFormat {
  return {
    name: "writeCopyRow",
    scope: { letters: copyEscapes.letters, endsInZ },
    labelRoom: stampRoom(NULL) + 1,
    column: (column) => fieldCode(column, kinds[column.index] as ColumnKind),
    end: `  bytes[p++] = ${LF};`,
    plainly,
  };
}

/** Code that writes `value` with the tab before it. */
export function fieldCode(column: ColumnCode, { family }: ColumnKind): string {
  const { index, kind, word, isUntouched, plainly } = column;
  const isCopied = `${isUntouched} && (${word} & closer) === 0`;
  const short = "putShort(bytes, p, value, letters)";
  const text = kind === "text" ? `${isCopied} ? ${copyCode(column)} : ${short}` : short;
  const hasOwnText = kind === "text" || kind === "none";
  // a type without a zone drops the one that a text names, so only UTC may stand there
  const keepsTime = kind === "time" && family !== "date" && family !== "json";
  return [
    ...(index === 0 ? [] : [`  bytes[p++] = ${TAB};`]),
    `  if (value === null || value === undefined) { ${stampCode(NULL)} }`,
    // an empty text may stand for null
    ...(hasOwnText ? [`  else if (typeof value === "string") { q = ${text}; if (q > p) p = q; else ${plainly} }`] : []),
    ...(keepsTime ? [`  else if (${isCopied} && endsInZ(from, ${word})) p = ${copyCode(column)};`] : []),
    ...(kind === "digits" ? [`  else if (${isCopied}) p = ${copyCode(column)};`] : []),
    ...(family === "json" ? [] : [`  else if (${isDigits(column)}) p = putInteger(bytes, p, value);`]),
    `  else ${plainly}`,
  ].join("\n");
}

/** Whether a timestamp ends in the letter of UTC. */
export function endsInZ(from: DataView, word: number): boolean {
  return (from.getUint8((word & OFFSET) - 1) | SPACE) === SMALL_Z;
}
