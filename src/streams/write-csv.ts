/** Writes CSV. */
import type { Writable } from "node:stream";
import type { z } from "zod";
import type { Compression } from "../core/ports/compression.ts";
import { csvSinkShape } from "../formats/csv/options.ts";
import type { Items } from "../runtime/batches-of.ts";
import { checked } from "./check-options.ts";
import { fileDestination } from "./file-destination.ts";
import { writableDestination } from "./writable-destination.ts";
import type { WriteOptions, WriteSummary } from "./write-options.ts";
import { writeRecords } from "./write-records.ts";

/** Options of {@link writeCsv}: those of all writers, and the `csv` keys of a job's file sink. */
export type WriteCsvOptions = WriteOptions &
  z.input<typeof csvSinkShape> & {
    /** Of a file; by its extension when absent. */
    readonly compression?: Compression;
  };

/**
 * Writes records as CSV, in constant memory.
 *
 * A file gets its name when it is complete and on the disk; until then, and after an error, whatever had the name before is
 * untouched. A stream is ended behind the last row.
 *
 * @param to a path, `.gz` and `.zst` are compressed; or a writable stream
 * @throws MillraceError CONFIG_INVALID, SINK_REFUSED, SINK_FAILED, SINK_UNAVAILABLE, ABORTED; the code of the first record
 *   that cannot be written unless there is an `onReject`; what the records throw
 * @example
 * const { records } = await writeCsv(filter(orders, (order) => order.amount > 100), "large.csv.gz");
 */
export async function writeCsv(
  records: Items<object>,
  to: string | URL | Writable,
  options: WriteCsvOptions = {},
): Promise<WriteSummary> {
  const { columns, onUnknownField, onReject, signal, compression, ...rest } = options;
  const common = { onReject, signal };
  const csv = checked("writeCsv", csvSinkShape, rest);
  if (typeof to === "string" || to instanceof URL) {
    const settings = { caller: "writeCsv", format: "csv", csv, columns, onUnknownField, compression, signal } as const;
    await using file = await fileDestination(to, settings);
    return await writeRecords(records, file, common);
  }
  const encode = {
    sink: "stream",
    format: "csv",
    options: csv,
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: true,
    onUnknownField: onUnknownField ?? "error",
  } as const;
  return await writeRecords(records, writableDestination(to, encode), common);
}
