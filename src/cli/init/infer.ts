/** What a file of records is: its format, its dialect, the types of its fields. A guess, made to be read and corrected. */
import path from "node:path";
import { formatOfPath } from "../../connectors/file/options.ts";
import { MillraceError } from "../../core/errors.ts";
import type { CodecName } from "../../core/ports/compression.ts";
import { csvFormat } from "../../formats/csv/index.ts";
import { usageError } from "../usage-error.ts";
import { ColumnGuess, type InferredField } from "./column-guess.ts";
import { type CsvDialect, goodRows, guessDialect, specOf } from "./csv-dialect.ts";
import type { Encoding } from "./encoding.ts";
import { JsonFieldGuess } from "./json-guess.ts";
import { type JsonShape, jsonRecords, jsonShapeOf } from "./json-records.ts";
import { readSample, type Sample } from "./sample.ts";

/** What was found. */
export interface InferredSource {
  readonly file: string;
  readonly format: "csv" | "jsonl" | "json";
  /** The path's extension does not name the format. */
  readonly namesFormat: boolean;
  readonly compression: CodecName | "none";
  readonly encoding: Encoding;
  readonly dialect: CsvDialect;
  /** What stands for null beside an empty field. */
  readonly nulls: readonly string[];
  readonly fields: readonly InferredField[];
  /** The first records, as they stand in the file. */
  readonly examples: readonly { readonly [field: string]: unknown }[];
  /** Records that were looked at, and whether these were all. */
  readonly records: number;
  readonly whole: boolean;
}

const EXAMPLES = 3;

const NO_RECORDS =
  "it is one JSON value and no records; records are one object a line, or one array of objects. Where an array lies inside, " +
  "take it out first: jq -c '.items[]' file.json > items.jsonl";

/**
 * Looks at a file.
 *
 * @throws MillraceError SOURCE_NOT_FOUND, SOURCE_FAILED; USAGE when it holds no records that could be read
 */
export async function inferSource(file: string): Promise<InferredSource> {
  const sample = await readSample(file);
  const [head = Buffer.alloc(0)] = sample.pieces;
  if (head.toString("utf8", 0, 4096).trim() === "") throw usage(file, "it is empty; there is nothing to learn from it");
  if (head.subarray(0, 4096).includes(0)) throw usage(file, "it does not look like text");
  const shape = jsonShapeOf(head);
  if (shape === "none") throw usage(file, NO_RECORDS);
  const found = shape === null ? inferCsv(file, sample) : inferJson(file, sample, shape);
  const { compression, encoding, whole } = sample;
  const format = shape ?? "csv";
  const namesFormat = formatOfPath(path.basename(file)) !== format;
  return { file, format, namesFormat, compression, encoding, whole, ...found };
}

type Found = Pick<InferredSource, "dialect" | "nulls" | "fields" | "examples" | "records">;

function inferCsv(file: string, { pieces }: Sample): Found {
  const [head = Buffer.alloc(0), ...deeper] = pieces;
  const dialect = guessDialect(head);
  const header = readHeader(file, head, dialect);
  const names = header.fields;
  const decoder = csvFormat.decoder(specOf(dialect));
  const rowsOf = (bytes: Buffer): string[][] =>
    goodRows(decoder.decode({ bytes, final: true, truncated: false, fields: names }));
  // A stretch from the middle may begin inside a quoted field, so its first record says nothing.
  const rows = [...rowsOf(head.subarray(header.dataOffset)), ...deeper.flatMap((piece) => rowsOf(piece).slice(1))];
  const guesses = names.map((name) => new ColumnGuess(name));
  for (const row of rows) guesses.forEach((guess, index) => guess.add(row[index] ?? ""));
  const fields = guesses.map((guess) => guess.result());
  const nulls = [...new Set(fields.flatMap(({ marks }) => marks))];
  const examples = rows
    .slice(0, EXAMPLES)
    .map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? ""])));
  return { dialect, nulls, fields, examples, records: rows.length };
}

function readHeader(
  file: string,
  head: Buffer,
  dialect: CsvDialect,
): { fields: readonly string[]; dataOffset: number } {
  try {
    const header = csvFormat.readHeader(head, true, specOf(dialect));
    return { fields: header?.fields ?? [], dataOffset: header?.dataOffset ?? 0 };
  } catch (cause) {
    const { message } = MillraceError.from(cause);
    throw usage(file, message);
  }
}

function inferJson(file: string, { pieces }: Sample, shape: JsonShape): Found {
  const records = pieces.flatMap((piece, index) => jsonRecords(piece, shape, index === 0));
  const guesses = new Map<string, JsonFieldGuess>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      const guess = guesses.get(name) ?? new JsonFieldGuess(name);
      guesses.set(name, guess);
      guess.add(value);
    }
  }
  if (guesses.size === 0) throw usage(file, "its records are no JSON objects with fields");
  const fields = Array.from(guesses.values(), (guess) => guess.result(records.length));
  return { dialect: {}, nulls: [], fields, examples: records.slice(0, EXAMPLES), records: records.length };
}

function usage(file: string, message: string): MillraceError {
  return usageError(`--from ${file}: ${message}`);
}
