/** Delimiter, quotes and header of a CSV file: what makes its first lines come out alike is what it was written with. */
import type { DecodeSpec, RecordBatch } from "../../core/ports/format.ts";
import { csvFormat } from "../../formats/csv/index.ts";
import { ColumnGuess, isNullMark } from "./column-guess.ts";

/** The `csv` keys of a source that differ from their defaults. */
export interface CsvDialect {
  readonly delimiter?: string;
  readonly quote?: string | null;
  readonly quotes?: "literal";
  readonly comment?: string;
  readonly header?: false;
  readonly ragged?: "pad";
  readonly trim?: "both";
}

/** In the order in which equal ones are preferred. */
const DELIMITERS = [",", ";", "\t", "|", "\u0001", "~", "^"] as const;
const QUOTES: readonly CsvDialect[] = [{}, { quotes: "literal" }, { quote: "'" }, { quote: null }];
const HEAD_BYTES = 256 * 1024;
const LINE_FEED = 10;
const OFTEN = 0.01;
const HEADER_LIKE = /^[\p{L}_$#%(][^\n]{0,79}$/u;

/** How well a dialect explains the head. */
interface Trial {
  readonly dialect: CsvDialect;
  readonly width: number;
  readonly faults: number;
  readonly rows: readonly (readonly string[])[];
}

/** The dialect of a file that begins with `head`. */
export function guessDialect(head: Buffer): CsvDialect {
  const comment = head.subarray(0, 2).toString("utf8").startsWith("#") ? { comment: "#" } : {};
  const trials = DELIMITERS.map((delimiter) => best(head, { ...(delimiter === "," ? {} : { delimiter }), ...comment }));
  const [winner] = trials
    .filter(({ width }) => width > 1)
    .toSorted((a, b) => faultShare(a) - faultShare(b) || b.width - a.width);
  const trial = winner ?? best(head, comment);
  return {
    ...(isRagged(head, trial) ? { ...trial.dialect, ragged: "pad" } : trial.dialect),
    ...(hasBlanks(trial.rows) ? { trim: "both" } : {}),
    ...(isHeader(trial.rows) ? {} : { header: false }),
  };
}

/** What a source with this dialect is decoded with. */
export function specOf(dialect: CsvDialect, columns: DecodeSpec["columns"] = {}): DecodeSpec {
  return { format: "csv", options: { ...dialect }, columns, maxRecordBytes: 1024 ** 2 };
}

/** The records of a batch without a fault, as texts by column. */
export function goodRows(batch: RecordBatch): string[][] {
  const rows: string[][] = [];
  for (let record = 0; record < batch.count; record++) {
    const read = batch.read(record);
    if ("record" in read)
      rows.push(
        Object.values(read.record as { [name: string]: unknown }).map((cell) => (typeof cell === "string" ? cell : "")),
      );
  }
  return rows;
}

function best(head: Buffer, marks: CsvDialect): Trial {
  const trials = QUOTES.map((quotes) => tryDialect(head, { ...marks, ...quotes }));
  return trials.reduce((before, trial) => (faultShare(trial) < faultShare(before) ? trial : before));
}

function faultShare({ faults, rows }: Trial): number {
  return faults / Math.max(1, faults + rows.length);
}

/** Decodes the head without a header, so that its line is one of the rows. */
function tryDialect(head: Buffer, dialect: CsvDialect): Trial {
  const spec = specOf({ ...dialect, header: false });
  const bytes = wholeLines(head.subarray(0, HEAD_BYTES));
  const header = csvFormat.readHeader(bytes, true, spec);
  const fields = header?.fields ?? [];
  const batch = csvFormat.decoder(spec).decode({ bytes, final: true, truncated: false, fields });
  const rows = goodRows(batch);
  return { dialect, width: fields.length, faults: batch.count - rows.length, rows };
}

/** A file whose lines often end early means it; where few do, they are mistakes and ought to be rejects. */
function isRagged(head: Buffer, trial: Trial): boolean {
  if (faultShare(trial) < OFTEN) return false;
  return tryDialect(head, { ...trial.dialect, ragged: "pad" }).faults === 0;
}

function wholeLines(head: Buffer): Buffer {
  const end = head.lastIndexOf(LINE_FEED) + 1;
  return end === 0 ? head : head.subarray(0, end);
}

/** Blanks behind every delimiter were meant for the eye. */
function hasBlanks(rows: readonly (readonly string[])[]): boolean {
  const cells = rows
    .slice(0, 200)
    .flatMap((row) => row.slice(1))
    .filter((cell) => cell !== "");
  return cells.length > 0 && cells.filter((cell) => cell.startsWith(" ")).length > 0.9 * cells.length;
}

/**
 * Whether the first row names the columns: some column is typed but for its first cell, or all of its cells are words of
 * which none comes again below.
 */
function isHeader([first, ...rows]: readonly (readonly string[])[]): boolean {
  if (first === undefined) return true;
  const cells = first.map((cell) => cell.trim());
  const below = cells.map((_, column) => rows.slice(0, 1_000).map((row) => (row[column] ?? "").trim()));
  const isTyped = below.map((texts) => typeOf(texts) !== "string");
  const isWord = cells.map((cell) => cell !== "" && !isNullMark(cell) && typeOf([cell]) === "string");
  if (cells.some((_, column) => isTyped[column] === true && isWord[column] === true)) return true;
  if (isTyped.includes(true)) return false;
  const named = cells.filter((cell) => cell !== "");
  return (
    new Set(named).size === named.length &&
    named.every((cell) => HEADER_LIKE.test(cell)) &&
    cells.every((cell, column) => below[column]?.includes(cell) !== true)
  );
}

function typeOf(texts: readonly string[]): string {
  const guess = new ColumnGuess("");
  for (const text of texts) guess.add(text);
  return guess.result().column.type;
}
