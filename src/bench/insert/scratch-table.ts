/** The table that is loaded instead of the job's: made like it, beside it, and dropped at the end. */
import { TargetTable, type Found } from "../../connectors/postgres/sink/target-table.ts";
import type { PostgresSinkOptions } from "../../connectors/postgres/options.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Columns } from "../../core/record.ts";
import type { Table } from "../../postgres/catalogue.ts";
import type { Connection } from "../../postgres/connection.ts";
import { postgresError, serverError } from "../../postgres/errors.ts";
import { quoteIdentifier, quoteLiteral, quoteTable, type TableName } from "../../postgres/identifiers.ts";

/** What of the job's table and options it is made from. */
export interface ScratchWish {
  readonly found: Found;
  readonly options: PostgresSinkOptions;
  readonly declared: Columns;
  /** The output columns. */
  readonly columns: readonly string[];
  /** Whether it gets the indexes and constraints. */
  readonly indexes: boolean;
}

/** Defaults that take numbers from a sequence of the job's own table. */
const NUMBERED = `
SELECT a.attname AS name FROM pg_attrdef d
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attidentity = ''
WHERE d.adrelid = $1::regclass AND EXISTS (
  SELECT FROM pg_depend p JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
  WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
ORDER BY a.attnum`;

const RIGHTS = `
SELECT quote_ident(current_user) AS role, has_schema_privilege($1, 'CREATE') AS may_create,
  $2::oid = 0 OR has_any_column_privilege($2::oid, 'SELECT') AS may_read`;

/** A name that no table has. */
export type ScratchName = Required<TableName>;

/** Where it will be. @param id of this bench, unique */
export function scratchName({ schema }: Pick<Table, "schema">, id: string): ScratchName {
  return { schema, table: `millrace_bench_${id.toLowerCase()}` };
}

/**
 * Makes the table and says what it is like; all or nothing.
 *
 * @throws MillraceError SINK_REFUSED naming the right that the role lacks
 */
export async function createScratch(connection: Connection, name: ScratchName, wish: ScratchWish): Promise<Table> {
  const { found, options, declared, columns } = wish;
  const made = { ...found.table, ...name };
  const target = new TargetTable({ ...found, table: made }, options, declared);
  try {
    const like = found.isThere ? await likeStatement(connection, name, wish) : [];
    const growing = target.growing(columns);
    await connection.query(["BEGIN", ...like, ...(growing === null ? [] : [growing])].join(";"));
    await numberApart(connection, name);
    await connection.query("COMMIT");
  } catch (thrown) {
    await connection.query("ROLLBACK").catch(() => {});
    throw await refusal(connection, thrown, found.table);
  }
  return target.with(columns);
}

/** What removes it, whoever says it. */
export function dropStatement(name: ScratchName): string {
  return `DROP TABLE IF EXISTS ${quoteTable(name)}`;
}

async function likeStatement(
  connection: Connection,
  name: ScratchName,
  { found, indexes }: ScratchWish,
): Promise<string[]> {
  const { rows } = await connection.query("SELECT relpersistence = 'u' AS unlogged FROM pg_class WHERE oid = $1::oid", [
    found.table.oid,
  ]);
  const unlogged = rows[0]?.["unlogged"] === true ? " UNLOGGED" : "";
  const without = ["COMMENTS", ...(indexes ? [] : ["INDEXES", "CONSTRAINTS", "STATISTICS"])];
  const like = `LIKE ${quoteTable(found.table)} INCLUDING ALL ${without.map((what) => `EXCLUDING ${what}`).join(" ")}`;
  // Nobody is to clean up beside a measurement.
  return [`CREATE${unlogged} TABLE ${quoteTable(name)} (${like}) WITH (autovacuum_enabled = false)`];
}

/** Gives columns that count by themselves a sequence of their own, or the job's table would miss the numbers. */
async function numberApart(connection: Connection, name: ScratchName): Promise<void> {
  const { rows } = await connection.query(NUMBERED, [quoteTable(name)]);
  for (const [number, row] of rows.entries()) {
    const column = quoteIdentifier(String(row["name"]));
    const sequence = quoteTable({ schema: name.schema, table: `${name.table}_${number}` });
    await connection.query(
      [
        `CREATE SEQUENCE ${sequence} OWNED BY ${quoteTable(name)}.${column}`,
        `ALTER TABLE ${quoteTable(name)} ALTER ${column} SET DEFAULT nextval(${quoteLiteral(sequence)})`,
      ].join(";"),
    );
  }
}

async function refusal(connection: Connection, thrown: unknown, table: Table): Promise<MillraceError> {
  const doing = `bench insert: making a scratch table in ${connection.label}`;
  if (serverError(thrown)?.sqlstate !== "42501") return postgresError(thrown, doing);
  const { rows } = await connection.query(RIGHTS, [table.schema, table.oid]);
  const { role, may_create: mayCreate, may_read: mayRead } = rows[0] ?? {};
  const grants = [
    ...(mayCreate === true ? [] : [`GRANT CREATE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${String(role)}`]),
    ...(mayRead === true ? [] : [`GRANT SELECT ON ${quoteTable(table)} TO ${String(role)}`]),
  ];
  const advice = grants.length === 0 ? "use a role that may" : `an owner can say ${grants.join("; ")}`;
  return new MillraceError("SINK_REFUSED", `${doing}: ${(thrown as Error).message} (42501); ${advice}`, {
    cause: thrown,
  });
}
