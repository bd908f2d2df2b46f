/** Writes records into a Postgres table. */
import type { Ssl } from "../postgres/connect.ts";
import type { Items } from "../runtime/batches-of.ts";
import { postgresDestination } from "./postgres-destination.ts";
import type { WriteOptions, WriteSummary } from "./write-options.ts";
import { writeRecords } from "./write-records.ts";

/** Options of {@link writePostgres}. */
export interface WritePostgresOptions extends WriteOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** `table` or `schema.table`; names with dots in them stand in double quotes. */
  readonly table: string;
  /** Certificates as PEM text; `true`: encrypt and verify. */
  readonly ssl?: Ssl;
  /** Commits behind every so many records at least, and at the end; one transaction for all when absent. */
  readonly commitEvery?: number;
}

/**
 * Loads records into a table by COPY, in constant memory.
 *
 * **What is promised:** all records are loaded, in one transaction, or none is; try again after any error but
 * COMMIT_AMBIGUOUS, which says that the answer to the COMMIT was lost. With `commitEvery` the first
 * `error.details.committed` records are loaded for good when it fails. Where a program must go on after a crash without
 * doubling a row, and keep the rows apart that the table refuses, it should run a job (`runJob`).
 *
 * @throws MillraceError TABLE_UNKNOWN, COLUMN_UNKNOWN, CONFIG_INVALID, SINK_UNAVAILABLE, SINK_REFUSED, COMMIT_AMBIGUOUS,
 *   ABORTED; ROW_REFUSED with the row that the server refused; the code of the first record that cannot be written
 *   unless there is an `onReject`; what the records throw
 * @example
 * await writePostgres(orders, { url: "postgres://etl@localhost/shop", table: "orders" });
 */
export async function writePostgres(records: Items<object>, options: WritePostgresOptions): Promise<WriteSummary> {
  await using table = await postgresDestination(options);
  return await writeRecords(records, table, options);
}
