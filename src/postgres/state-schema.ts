/** The tables that live with the users' data: positions, rejects (with how far replays of them are) and runs. CONTRACT "In the users' Postgres". */
import { MillraceError } from "../core/errors.ts";
import type { Connection } from "./connection.ts";
import { postgresError, serverError } from "./errors.ts";
import { quoteIdentifier } from "./identifiers.ts";
import { inTransaction } from "./transaction.ts";

/** The schema's name where the option `stateSchema` does not say otherwise. */
export const DEFAULT_STATE_SCHEMA = "millrace";

/** Any constant will do, as long as all of us take the same: two runs may create the tables at the same time. */
const CREATE_LOCK = 7_236_450_671_983_211n;

/** Statements that create a table each, by its name. Progress is updated in place: room is left on its pages. */
const TABLES = {
  progress: (schema: string) => `CREATE TABLE IF NOT EXISTS ${schema}.progress (
  job text NOT NULL,
  scope text NOT NULL,
  sink text NOT NULL,
  split text NOT NULL,
  epoch bigint NOT NULL,
  ordinal bigint NOT NULL,
  token text NOT NULL,
  line bigint,
  counts jsonb NOT NULL,
  origin text NOT NULL,
  fingerprint text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job, scope, sink, split)
) WITH (fillfactor = 70);`,
  rejects: (schema: string) => `CREATE TABLE IF NOT EXISTS ${schema}.rejects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL,
  run text NOT NULL,
  scope text NOT NULL,
  split text NOT NULL,
  ordinal bigint NOT NULL,
  token text NOT NULL,
  line bigint,
  stage text NOT NULL,
  sink text,
  output integer,
  code text NOT NULL,
  message text NOT NULL,
  raw text NOT NULL,
  raw_encoding text NOT NULL,
  attempts integer NOT NULL,
  at timestamptz NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rejects_key
  ON ${schema}.rejects (job, scope, split, token, coalesce(sink, ''), coalesce(output, -1));`,
  taken: (schema: string) => `CREATE TABLE IF NOT EXISTS ${schema}.taken (
  reject bigint PRIMARY KEY REFERENCES ${schema}.rejects (id) ON DELETE CASCADE,
  replay text NOT NULL
);
CREATE INDEX IF NOT EXISTS taken_by ON ${schema}.taken (replay);`,
  replays: (schema: string) => `CREATE TABLE IF NOT EXISTS ${schema}.replays (
  replay text PRIMARY KEY,
  taken_of text[] NOT NULL DEFAULT '{}',
  settled boolean NOT NULL DEFAULT false,
  at timestamptz NOT NULL DEFAULT now()
);`,
  runs: (schema: string) => `CREATE TABLE IF NOT EXISTS ${schema}.runs (
  job text NOT NULL,
  run text NOT NULL,
  sink text NOT NULL,
  scope text NOT NULL,
  state text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  opened_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (job, run, sink)
);`,
} as const satisfies Record<string, (schema: string) => string>;

/** One of the tables. */
type StateTable = keyof typeof TABLES;

/** Columns that a table made by an earlier version does not have. */
const LATER_COLUMNS: readonly { readonly table: StateTable; readonly column: string; readonly type: string }[] = [
  { table: "runs", column: "opened_at", type: "timestamptz" },
];

/**
 * The statements that create schema and tables, for an owner to run where the sink's role may not.
 *
 * @example
 * console.log(stateDdl("millrace"));
 */
export function stateDdl(schema: string = DEFAULT_STATE_SCHEMA): string {
  const quoted = quoteIdentifier(schema);
  const tables = Object.values(TABLES).map((table) => table(quoted));
  const columns = LATER_COLUMNS.map((later) => addColumn(quoted, later));
  return [`CREATE SCHEMA IF NOT EXISTS ${quoted};`, ...tables, ...columns].join("\n");
}

function addColumn(schema: string, { table, column, type }: (typeof LATER_COLUMNS)[number]): string {
  return `ALTER TABLE ${schema}.${table} ADD COLUMN IF NOT EXISTS ${column} ${type};`;
}

/**
 * Creates what is missing of schema and tables. Several processes may do so at the same time.
 *
 * @throws MillraceError SINK_REFUSED with what to run, when the role may not create them
 */
export async function ensureStateTables(connection: Connection, schema: string): Promise<void> {
  const present = await readPresent(connection, schema);
  const missing = Object.keys(TABLES).filter((table): table is StateTable => !present.tables.has(table));
  const later = LATER_COLUMNS.filter(({ table, column }) => present.tables.get(table)?.includes(column) === false);
  if (missing.length + later.length === 0) return;
  const quoted = quoteIdentifier(schema);
  // Even IF NOT EXISTS asks for the right to create the schema, so an owner's schema is not asked for again.
  const statements = [
    ...missing.map((table) => TABLES[table](quoted)),
    ...later.map((column) => addColumn(quoted, column)),
  ];
  if (!present.schema) statements.unshift(`CREATE SCHEMA IF NOT EXISTS ${quoted};`);
  try {
    await inTransaction(connection, async () => {
      await connection.query(`SELECT pg_advisory_xact_lock(${CREATE_LOCK})`);
      await connection.query(statements.join("\n"));
    });
  } catch (thrown) {
    throw creationError(thrown, connection, schema);
  }
}

/** What a role needs that does not make schema and tables itself; null: it is not known by name, and stands for one. */
export function grantDdl(schema: string, role: string | null): string {
  const quoted = quoteIdentifier(schema);
  const to = role === null ? "<the role>" : quoteIdentifier(role);
  const grants = [
    `GRANT USAGE ON SCHEMA ${quoted} TO ${to};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoted} TO ${to};`,
  ];
  return (role === null ? grants.map((grant) => `-- ${grant}`) : grants).join("\n");
}

/** Whether there is a table of positions. Throws what the driver throws. */
export async function hasProgress(connection: Connection, schema: string): Promise<boolean> {
  const { tables } = await readPresent(connection, schema);
  return tables.has("progress");
}

/** Whether all the tables are there, with all their columns. Throws what the driver throws. */
export async function hasStateTables(connection: Connection, schema: string): Promise<boolean> {
  const { tables } = await readPresent(connection, schema);
  const isWhole = LATER_COLUMNS.every(({ table, column }) => tables.get(table)?.includes(column) === true);
  return isWhole && Object.keys(TABLES).every((table) => tables.has(table));
}

/** What is there of the schema: its tables with their columns. */
interface Present {
  readonly schema: boolean;
  readonly tables: ReadonlyMap<string, readonly string[]>;
}

async function readPresent(connection: Connection, schema: string): Promise<Present> {
  const { rows } = await connection.query(
    `SELECT c.relname AS name, array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns
     FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
     WHERE n.nspname = $1`,
    [schema],
  );
  const tables = rows.map((row) => [String(row["name"]), (row["columns"] as string[] | null) ?? []] as const);
  return { schema: rows.length > 0, tables: new Map(tables) };
}

function creationError(thrown: unknown, connection: Connection, schema: string): MillraceError {
  const doing = `postgres ${connection.label}: cannot create the tables of schema "${schema}"`;
  if (serverError(thrown)?.sqlstate !== "42501") return postgresError(thrown, doing);
  return new MillraceError(
    "SINK_REFUSED",
    `${doing}, in which positions and rejects are kept: the role lacks the right to. Grant it CREATE on the database ` +
      `once, or let an owner run the following and grant it USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on ` +
      `its tables:\n${stateDdl(schema)}`,
    { cause: thrown, details: { sqlstate: "42501", schema } },
  );
}
