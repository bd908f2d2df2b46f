/** Brings the store's schema to the version that this program knows. */
import { MillraceError } from "../../core/errors.ts";
import type { Connection } from "../../postgres/connection.ts";
import { serverError } from "../../postgres/errors.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import { inTransaction } from "../../postgres/transaction.ts";
import { MIGRATIONS, type Migration, statementsOf, storeDdl } from "./schema.ts";

/** Any constant will do, as long as all of us take the same. */
const MIGRATION_LOCK = 5_811_926_340_017_725_303n;

/** Where the tables are. */
export interface StorePlace {
  readonly schema: string;
  /** The store, for people. */
  readonly label: string;
}

/**
 * Applies the steps that are missing, in one transaction and one process after another. A store that is up to date is
 * only looked at, so its role needs no right to make anything. Throws what the driver throws.
 *
 * @throws MillraceError STATE_TOO_NEW when a newer version of millrace has made the tables
 * @throws MillraceError CONFIG_INVALID when the schema holds tables of something else
 * @throws MillraceError STATE_UNAVAILABLE with what to run, when the role may not make the tables
 */
export async function migrate(
  connection: Connection,
  place: StorePlace,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const found = await readPresent(connection, place, migrations);
  if (found.version === migrations.length) return;
  try {
    await inTransaction(connection, () => apply(connection, place, migrations));
  } catch (thrown) {
    throw serverError(thrown)?.sqlstate === "42501" ? notAllowed(thrown, place) : thrown;
  }
}

async function apply(connection: Connection, place: StorePlace, migrations: readonly Migration[]): Promise<void> {
  await connection.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
  // Read anew: another process may have migrated while this one waited for the lock.
  const { schema, version } = await readPresent(connection, place, migrations);
  if (version === migrations.length) return;
  // Even IF NOT EXISTS asks for the right to create the schema, so an owner's schema is not asked for again.
  if (!schema) await connection.query(`CREATE SCHEMA ${quoteIdentifier(place.schema)}`);
  await connection.query(statementsOf(place.schema, migrations, version));
}

async function readPresent(
  connection: Connection,
  { schema, label }: StorePlace,
  migrations: readonly Migration[],
): Promise<{ readonly schema: boolean; readonly version: number }> {
  const { rows } = await connection.query(
    `SELECT c.relname AS name FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v')
     WHERE n.nspname = $1 ORDER BY 1`,
    [schema],
  );
  const tables = rows.map((row) => row["name"]).filter((name) => typeof name === "string");
  if (tables.length === 0) return { schema: rows.length > 0, version: 0 };
  if (!tables.includes("version")) throw anothersSchema(schema, label, tables.join(", "));
  const stored = await connection.query(`SELECT version::text AS version FROM ${quoteIdentifier(schema)}.version`);
  const version = Number(stored.rows[0]?.["version"]);
  if (version <= migrations.length) return { schema: true, version };
  throw new MillraceError(
    "STATE_TOO_NEW",
    `state store ${label} has version ${version}, this millrace knows up to ${migrations.length}: ` +
      "use the newer millrace that made it, or another --state",
  );
}

function anothersSchema(schema: string, label: string, tables: string): MillraceError {
  return new MillraceError(
    "CONFIG_INVALID",
    `state store ${label}: schema "${schema}" holds tables that are not a state store's (${tables}); name another ` +
      "schema with ?stateSchema=<name> at the end of the url",
  );
}

function notAllowed(cause: unknown, { schema, label }: StorePlace): MillraceError {
  return new MillraceError(
    "STATE_UNAVAILABLE",
    `state store ${label}: the role lacks the right to make its tables. Grant it CREATE on the database once, or let an ` +
      `owner run the following and grant it USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on its tables:\n` +
      storeDdl(schema),
    { cause, fault: "fatal", details: { sqlstate: "42501", schema } },
  );
}
