/** Reads CSV. */
import type { ColumnsInput, InferredRecord, NamesInput, NoFields } from "../core/inferred-record.ts";
import { type CsvOptions, csvSourceShape } from "../formats/csv/options.ts";
import { checked } from "./check-options.ts";
import type { Input } from "./input.ts";
import type { ReadOptions } from "./read-options.ts";
import { readRecords } from "./read-records.ts";
import type { RecordStream } from "./record-stream.ts";

/** Options of {@link readCsv}: those of all readers, and the `csv` keys of a job's file source. */
export type ReadCsvOptions<C extends ColumnsInput = ColumnsInput, Names extends NamesInput = NamesInput> = ReadOptions<
  C,
  Names
> &
  CsvOptions;

/**
 * The records of CSV files, or of CSV bytes that the program makes or receives, in constant memory.
 *
 * Fields without a declared type are strings. Declared ones are what SEMANTICS "Values" says: `int` and `float` numbers,
 * `decimal` the exact digits as a string, `timestamp` a Date; and null where the field is empty, unless it is declared
 * `nullable: false`.
 *
 * @param input a path or glob, a list of them, or bytes; `.gz` and `.zst` are inflated
 * @throws MillraceError CONFIG_INVALID for options that do not exist; while iterating, SOURCE_NOT_FOUND, SOURCE_FAILED,
 *   HEADER_INVALID, COLUMN_UNKNOWN, and the code of the first bad record unless there is an `onReject`
 * @example
 * const orders = readCsv("orders-*.csv.gz", { delimiter: ";", columns: { id: "int", amount: "decimal" } });
 * for await (const { id, amount } of orders) console.log(id, amount);
 */
export function readCsv<const C extends ColumnsInput = NoFields, const Names extends NamesInput = NoFields>(
  input: Input,
  options: ReadCsvOptions<C, Names> = {},
): RecordStream<InferredRecord<C, string, Names>> {
  const { columns, select, rename, compression, inflate, maxRecordBytes, onReject, signal, ...csv } = options;
  const common = { columns, select, rename, compression, inflate, maxRecordBytes, onReject, signal };
  return readRecords(input, {
    ...(Object.fromEntries(Object.entries(common).filter(([, value]) => value !== undefined)) as ReadOptions),
    caller: "readCsv",
    format: "csv",
    formatOptions: checked("readCsv", csvSourceShape, csv),
  });
}
