/** The table that a run of mode replace loads, made like the one whose place it will take. */
import type { Connection } from "../../../../postgres/connection.ts";
import { quoteLiteral, quoteTable, type TableName } from "../../../../postgres/identifiers.ts";
import { runStatements } from "./statements.ts";

/** Storage parameters, and what the run's rows have to be held to as they come: LIKE leaves both out. */
const FINISHING = `
SELECT sql FROM (
  SELECT 1 AS place, format('ALTER TABLE %s SET (%s)', $2::text,
    (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(c.reloptions))) AS sql
  FROM pg_class c WHERE c.oid = $1::regclass AND c.reloptions IS NOT NULL AND c.relkind = 'r'
  UNION ALL SELECT 2, format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2::text, d.conname, pg_get_constraintdef(d.oid))
  FROM pg_constraint d WHERE d.conrelid = $1::regclass AND d.contype = 'f' AND d.confrelid <> d.conrelid
) AS steps ORDER BY place`;

/** So that numbers go on behind those of the old table; `$1` the sequence that gives them, `$2` the one that goes on. */
const SEQUENCES = `
SELECT pg_get_serial_sequence($1::text, a.attname) AS old, pg_get_serial_sequence($2::text, a.attname) AS new
FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attidentity <> '' AND NOT a.attisdropped`;

/**
 * Makes it, without indexes: those are made behind the load. Its rows are held to checks and foreign keys as they come.
 * Throws what the driver throws.
 */
export async function createLoadingTable(connection: Connection, table: TableName, loading: TableName): Promise<void> {
  const [old, made] = [quoteTable(table), quoteTable(loading)];
  await connection.query(`CREATE TABLE ${made} (LIKE ${old} INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)`);
  await runStatements(connection, FINISHING, [old, made]);
  await continueNumbers(connection, old, made);
}

/** Lets the identity columns of one table go on where those of the other are, if that is farther. Throws what the driver throws. */
export async function continueNumbers(connection: Connection, from: string, to: string): Promise<void> {
  const { rows } = await connection.query(SEQUENCES, [from, to]);
  for (const { old, new: own } of rows) {
    const sequence = quoteLiteral(String(own));
    await connection.query(
      `SELECT setval(${sequence}, last_value, is_called) FROM ${String(old)}
       WHERE is_called AND last_value > coalesce(pg_sequence_last_value(${sequence}), -9223372036854775808)`,
    );
  }
}

/** Whether a table is there. Throws what the driver throws. */
export async function isThere(connection: Connection, table: TableName): Promise<boolean> {
  const { rows } = await connection.query("SELECT to_regclass($1) IS NOT NULL AS there", [quoteTable(table)]);
  return rows[0]?.["there"] === true;
}

/**
 * Ends the sessions of processes that had the run before: whoever was stopped in the middle of a COPY would keep the table
 * from getting its indexes as long as it is stopped. What they have not committed could never be committed any more. Throws
 * what the driver throws.
 */
export async function endOtherSessions(connection: Connection, loading: TableName): Promise<void> {
  await connection.query(
    `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.relation = $1::regclass AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.pid <> pg_backend_pid() AND a.usename = current_user AND a.application_name LIKE 'millrace %'`,
    [quoteTable(loading)],
  );
}

/** Drops it, if it is there. Throws what the driver throws. */
export async function dropLoadingTable(connection: Connection, loading: TableName): Promise<void> {
  if (!(await isThere(connection, loading))) return;
  await endOtherSessions(connection, loading);
  await connection.query(`DROP TABLE IF EXISTS ${quoteTable(loading)}`);
}
