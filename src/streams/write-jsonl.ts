/** Writes JSON lines. */
import type { Writable } from "node:stream";
import type { Compression } from "../core/ports/compression.ts";
import type { Items } from "../runtime/batches-of.ts";
import { fileDestination } from "./file-destination.ts";
import { writableDestination } from "./writable-destination.ts";
import type { WriteOptions, WriteSummary } from "./write-options.ts";
import { writeRecords } from "./write-records.ts";

/** Options of {@link writeJsonl}: those of all writers. */
export interface WriteJsonlOptions extends WriteOptions {
  /** Of a file; by its extension when absent. */
  readonly compression?: Compression;
}

/**
 * Writes values as JSON, one a line, in constant memory. Without `columns` each value is written as it is.
 *
 * A file gets its name when it is complete and on the disk; until then, and after an error, whatever had the name before is
 * untouched. A stream is ended behind the last line.
 *
 * @param to a path, `.gz` and `.zst` are compressed; or a writable stream
 * @throws MillraceError SINK_REFUSED, SINK_FAILED, SINK_UNAVAILABLE, ABORTED; the code of the first record that cannot be
 *   written unless there is an `onReject`; what the records throw
 * @example
 * await writeJsonl(map(orders, ({ id, amount }) => ({ id, amount })), "orders.jsonl.zst");
 */
export async function writeJsonl(
  records: Items<unknown>,
  to: string | URL | Writable,
  options: WriteJsonlOptions = {},
): Promise<WriteSummary> {
  const { columns, onUnknownField, compression, signal } = options;
  if (typeof to === "string" || to instanceof URL) {
    const settings = { caller: "writeJsonl", format: "jsonl", columns, onUnknownField, compression, signal } as const;
    await using file = await fileDestination(to, settings);
    return await writeRecords(records, file, options);
  }
  const encode = {
    sink: "stream",
    format: "jsonl",
    options: {},
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: false,
    onUnknownField: onUnknownField ?? "error",
  } as const;
  return await writeRecords(records, writableDestination(to, encode), options);
}
