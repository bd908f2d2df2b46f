/** Reads encoded rows back as cells, for showing them; what a sink is sent is the encoder's affair alone. */
import { parse } from "csv-parse/sync";
import type { SinkOutput } from "../../core/result.ts";
import type { DryRows } from "../../pipeline/dry-run.ts";

/** A row's cells by the name of their column. */
export type Cells = ReadonlyMap<string, string>;

/** How an absent value and a null are shown. */
const NULL = "null";

/** The first `count` rows. */
export function readRows({ format, columns, output }: DryRows, count: number): Cells[] {
  const texts = rowTexts(output, count);
  switch (format) {
    case "jsonl":
      return texts.map(jsonCells);
    case "csv":
      return texts.map((text) => named(columns, csvCells(text)));
    case "pg-copy":
      return texts.map((text) => named(columns, copyCells(text)));
    default:
      return texts.map((text) => new Map([["row", text]]));
  }
}

function rowTexts({ bytes, rows, rowEnds }: SinkOutput, count: number): string[] {
  return Array.from({ length: Math.min(rows, count) }, (_, row) => {
    const begin = row === 0 ? 0 : (rowEnds[row - 1] ?? 0);
    return Buffer.from(bytes.subarray(begin, rowEnds[row]))
      .toString("utf8")
      .replace(/\r?\n$/, "");
  });
}

function named(columns: readonly string[] | null, cells: readonly string[]): Cells {
  return new Map(cells.map((cell, index) => [columns?.[index] ?? `column${index + 1}`, cell]));
}

function jsonCells(text: string): Cells {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map([["value", text]]);
  return new Map(
    Object.entries(value).map(([name, cell]) => [name, typeof cell === "string" ? cell : JSON.stringify(cell)]),
  );
}

/** The delimiter of a sink may be another one; then a row is one cell, which still shows it. */
function csvCells(text: string): string[] {
  const rows: string[][] = parse(text, { relax_column_count: true, relax_quotes: true });
  return rows[0] ?? [""];
}

/** The text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html "Text Format". */
function copyCells(text: string): string[] {
  return text.split("\t").map((cell) => (cell === "\\N" ? NULL : cell.replaceAll(/\\(.)/g, unescaped)));
}

function unescaped(_escape: string, letter: string): string {
  return { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }[letter] ?? letter;
}
