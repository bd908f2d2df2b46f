/** How generated row writers write CSV. */
import { type ColumnCode, copyCode, isDigits, type RowFormat } from "../generated/row-code.ts";
import type { Dialect } from "./dialect.ts";
import { NON_ASCII, QUOTED } from "./field-index.ts";

const TAB = 9;
const LF = 10;
const SPACE = 32;
const DOUBLE_QUOTE = 34;

/** What a writer of one dialect is made of. */
export interface CsvRowParts {
  readonly dialect: Dialect;
  readonly columns: number;
  /** 1 for each byte that cannot stand in an unquoted field. */
  readonly special: Uint8Array;
  /** The byte that stands in no unquoted field of the source. */
  readonly separator: number;
  readonly plainly: RowFormat["plainly"];
}

/**
 * The writer of rows of a dialect; null where generated code would not do: a text may be taken for a comment, for null or
 * for more than a number, or a row for a blank line.
 */
export function csvRowFormat({ dialect, columns, special, separator, plainly }: CsvRowParts): RowFormat | null {
  const { delimiter, quote, comment, nullMarks } = dialect;
  const isOrdinary = quote === DOUBLE_QUOTE && comment < 0 && nullMarks.size === 0;
  if (!isOrdinary || columns < 2 || /[-0-9]/.test(String.fromCharCode(delimiter))) return null;
  // the source's scanner flags what needs quotes here, all but a delimiter that is not its own
  const copies = delimiter === separator || delimiter === TAB;
  return {
    name: "writeCsvRow",
    scope: { special, isInked },
    labelRoom: 1,
    column: (column) => fieldCode(column, delimiter, copies),
    end: `  bytes[p++] = ${LF};`,
    plainly,
  };
}

/** Code that writes `value` with the delimiter before it; null and undefined are nothing. */
export function fieldCode(column: ColumnCode, delimiter: number, copies: boolean): string {
  const { index, kind, word, isUntouched, plainly } = column;
  // a byte order mark would be lost at the begin of a file
  const closer = `closer | ${index === 0 ? QUOTED | NON_ASCII : QUOTED}`;
  const isCopied = copies ? `${isUntouched} && (${word} & (${closer})) === 0` : "false";
  const text = kind === "text" ? `${isCopied} ? ${copyCode(column)} : putShort(bytes, p, value, special)` : SHORT;
  const hasOwnText = kind === "text" || kind === "none";
  return [
    ...(index === 0 ? [] : [`  bytes[p++] = ${delimiter};`]),
    "  if (value === null || value === undefined) {}",
    ...(hasOwnText
      ? [`  else if (typeof value === "string") { q = ${text}; if (isInked(bytes, p, q)) p = q; else ${plainly} }`]
      : []),
    ...(kind === "time" ? [`  else if (${isCopied}) p = ${copyCode(column)};`] : []),
    `  else if (${isDigits(column)}) p = putInteger(bytes, p, value);`,
    `  else ${plainly}`,
  ].join("\n");
}

const SHORT = "putShort(bytes, p, value, special)";

/** Whether there is a text at all, and no blank at its ends: such a text is quoted, so that readers that trim keep it. */
function isInked(bytes: Uint8Array, begin: number, end: number): boolean {
  return end > begin && !isBlank(bytes[begin] as number) && !isBlank(bytes[end - 1] as number);
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
