/** How generated row writers write JSON lines. */
import { type ColumnCode, copyCode, isDigits, type RowFormat } from "../generated/row-code.ts";
import { stampCode, stampRoom } from "../generated/stamp-code.ts";
import { jsonEscapes } from "./json-escapes.ts";

const QUOTE = 34;
const QUOTES = 2;
const OPEN = 123;
const CLOSE = 125;
const LF = 10;

/** The writer of objects with these keys; `plainly` writes a member of it, its comma included. */
export function jsonRowFormat(names: readonly string[], plainly: RowFormat["plainly"]): RowFormat {
  const labels = names.map((name) => `,${JSON.stringify(name)}:`);
  return {
    name: "writeJsonRow",
    scope: { letters: jsonEscapes.letters },
    labelRoom: Math.max(...labels.map(stampRoom)) + QUOTES,
    column: (column) => memberCode(labels[column.index] as string, column),
    // the comma of the first member becomes the brace
    end: `  if (p === start) bytes[p++] = ${OPEN}; else bytes[start] = ${OPEN};\n  bytes[p++] = ${CLOSE}; bytes[p++] = ${LF};`,
    plainly,
  };
}

/** Code that writes `value` behind its label; undefined is left out. */
export function memberCode(label: string, column: ColumnCode): string {
  const { kind, word, isUntouched, plainly } = column;
  const isCopied = `${isUntouched} && (${word} & closer) === 0`;
  const copy = copyCode(column);
  const short = "putShort(bytes, p, value, letters)";
  const text = kind === "text" ? `${isCopied} ? ${copy} : ${short}` : short;
  const hasOwnText = kind === "text" || kind === "none";
  const quote = `bytes[p++] = ${QUOTE};`;
  return [
    `  if (value !== undefined) { q = p; ${stampCode(label)}`,
    `    if (value === null) { ${stampCode("null")} }`,
    ...(hasOwnText
      ? [
          `    else if (typeof value === "string") { ${quote} p = ${text}; if (p < 0) { p = q; ${plainly} } else ${quote} }`,
        ]
      : []),
    ...(kind === "time" ? [`    else if (${isCopied}) { ${quote} p = ${copy}; ${quote} }`] : []),
    ...(kind === "digits" ? [`    else if (${isCopied}) p = ${copy};`] : []),
    `    else if (${isDigits(column)}) p = putInteger(bytes, p, value);`,
    `    else if (value === true) { ${stampCode("true")} }`,
    `    else if (value === false) { ${stampCode("false")} }`,
    `    else { p = q; ${plainly} }`,
    "  }",
  ].join("\n");
}
