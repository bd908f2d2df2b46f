/** One load of a table by one way, timed. */
import { abortError, type Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteTable, type TableName } from "../../postgres/identifiers.ts";
import { inTransaction } from "../../postgres/transaction.ts";
import type { Unit } from "./rows.ts";
import type { Way } from "./ways.ts";

/** What a load needs. */
export interface LoadOptions {
  readonly way: Way;
  readonly connection: Connection;
  /** The table, which is emptied before. */
  readonly into: TableName;
  readonly units: readonly Unit[];
  /** What has not begun by then is left out. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a load took. */
export interface LoadSample {
  readonly rows: number;
  readonly elapsedMs: number;
  /** Of this process, all its threads. */
  readonly cpuMs: number;
  /** Of the whole server; null where it does not tell. */
  readonly walBytes: number | null;
}

/**
 * Loads as many of the rows as fit into the limit, a transaction a unit. Throws what the driver throws.
 *
 * @throws MillraceError ABORTED; INVARIANT when the table does not hold what was loaded
 */
export async function timedLoad(options: LoadOptions): Promise<LoadSample> {
  const { connection, into, units, limitMs, clock, signal } = options;
  await connection.query(`TRUNCATE ${quoteTable(into)}`);
  const wal = await walPosition(connection);
  const cpu = process.cpuUsage();
  const begun = clock.monotonic();
  // A COPY has to be ended before anything else can be said, so nothing is thrown in the middle of one.
  const isOver = (): boolean => signal.aborted || clock.monotonic() - begun >= limitMs;
  let rows = 0;
  for (const unit of units) {
    if (isOver()) break;
    rows += await inTransaction(connection, () => loadUnit(options, unit, isOver));
  }
  if (signal.aborted) throw abortError(signal);
  const elapsedMs = clock.monotonic() - begun;
  const { user, system } = process.cpuUsage(cpu);
  await assertCount(connection, into, rows);
  return { rows, elapsedMs, cpuMs: (user + system) / 1000, walBytes: await walSince(connection, wal) };
}

async function loadUnit({ way, connection }: LoadOptions, unit: Unit, isOver: () => boolean): Promise<number> {
  const feed = await way.open(connection, unit[0]?.form ?? 0);
  let rows = 0;
  for (const slice of unit) {
    if (rows > 0 && isOver()) break;
    rows += await feed.take(slice, isOver);
  }
  await feed.finish();
  return rows;
}

async function assertCount(connection: Connection, into: TableName, expected: number): Promise<void> {
  const { rows } = await connection.query(`SELECT count(*)::text AS count FROM ${quoteTable(into)}`);
  const count = Number(rows[0]?.["count"]);
  if (count === expected) return;
  throw new MillraceError("INVARIANT", `${into.table} holds ${count} rows after ${expected} were loaded`);
}

/** null where the server has no such function, or does not let the role call it. */
async function walPosition(connection: Connection): Promise<string | null> {
  try {
    const { rows } = await connection.query("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    return String(rows[0]?.["lsn"]);
  } catch {
    return null;
  }
}

async function walSince(connection: Connection, from: string | null): Promise<number | null> {
  if (from === null) return null;
  const { rows } = await connection.query("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::text AS bytes", [
    from,
  ]);
  return Number(rows[0]?.["bytes"]);
}
