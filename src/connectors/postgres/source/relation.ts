/** What is read: a table or a query, with its columns and what tells its rows apart. */
import { MillraceError } from "../../../core/errors.ts";
import { nearestName } from "../../../core/nearest.ts";
import { readTable } from "../../../postgres/catalogue.ts";
import type { Connection, ResultField } from "../../../postgres/connection.ts";
import { serverError } from "../../../postgres/errors.ts";
import { parseTableName, quoteTable, type TableName } from "../../../postgres/identifiers.ts";
import type { PostgresSourceOptions } from "../options.ts";

/** One column. */
export interface SourceColumn {
  readonly name: string;
  /** As `format_type` spells it with its length; what a literal of the column is cast to. */
  readonly declared: string;
  /** The type whose notation its values have: a domain's is its base type. */
  readonly type: string;
}

/** What a source reads. */
export interface Relation {
  /** For people and as the name of its splits: `orders`, `query`. */
  readonly name: string;
  /** As it stands behind FROM. */
  readonly from: string;
  readonly columns: readonly SourceColumn[];
  /** Columns that tell rows apart, in order; empty: nothing does. */
  readonly key: readonly string[];
  /** Whether the server holds the key to be never null; else only the job says so. */
  readonly isNeverNull: boolean;
  /** Whether the server can look at a sample of its rows. */
  readonly isTable: boolean;
}

const KEY = `
SELECT array(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.place) AS names
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
  -- what inherits from a table has keys of its own
  AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
  -- a column that is compared in another way than ORDER BY does, or may be null
  AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) n
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]
    JOIN pg_opclass o ON o.oid = i.indclass[n]
    WHERE NOT a.attnotnull OR NOT o.opcdefault OR i.indcollation[n] <> a.attcollation)
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1`;

const TYPES = `
WITH RECURSIVE base(given, oid, modifier) AS (
  SELECT n, t.oid, m FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY u(oid, m, n) JOIN pg_type t ON t.oid = u.oid
  UNION ALL
  SELECT b.given, t.typbasetype, t.typtypmod FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')
SELECT format_type(u.oid, u.m) AS declared,
  CASE WHEN e.oid IS NULL THEN format_type(b.oid, b.modifier) ELSE format_type(e.oid, -1) || '[]' END AS type
FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY u(oid, m, n)
JOIN base b ON b.given = u.n JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd'
-- of an array of a domain, what the domain is made of
LEFT JOIN pg_type d ON d.typarray = t.oid AND d.typtype = 'd' LEFT JOIN pg_type e ON e.oid = d.typbasetype
ORDER BY u.n`;

/**
 * Looks at what the job names.
 *
 * @throws MillraceError TABLE_UNKNOWN, COLUMN_UNKNOWN with the nearest name, CONFIG_INVALID; and what the driver throws
 */
export async function readRelation(connection: Connection, options: PostgresSourceOptions): Promise<Relation> {
  const { query } = options;
  const table = query === undefined ? tableOf(options) : null;
  const from = table === null ? `(${query?.replace(/;\s*$/, "")}\n) AS source` : quoteTable(table);
  const columns = await columnsOf(connection, from, table);
  const found = table === null ? [] : await keyOf(connection, from);
  const key = options.key ?? found;
  const name = table === null ? "query" : [table.schema, table.table].filter((part) => part !== undefined).join(".");
  for (const column of key) assertColumn("source.key", column, columns, name);
  return {
    name,
    from,
    columns,
    key,
    isNeverNull: key.every((column) => found.includes(column)),
    isTable: table !== null && (await isTable(connection, from)),
  };
}

/** @throws MillraceError COLUMN_UNKNOWN */
export function assertColumn(
  option: string,
  name: string,
  columns: readonly SourceColumn[],
  relation: string,
): SourceColumn {
  const column = columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const names = columns.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `it has ${names.join(", ")}` : `did you mean "${nearest}"?`;
  throw new MillraceError("COLUMN_UNKNOWN", `${option}: ${relation} has no column "${name}"; ${hint}`, {
    details: { column: name },
  });
}

function tableOf({ table, schema }: PostgresSourceOptions): TableName {
  if (table === undefined) throw new MillraceError("CONFIG_INVALID", "source.table: missing; give table or query");
  const name = parseTableName(table);
  return schema === undefined || name.schema !== undefined ? name : { schema, table: name.table };
}

async function columnsOf(
  connection: Connection,
  from: string,
  table: TableName | null,
): Promise<readonly SourceColumn[]> {
  const { fields } = await fieldsOf(connection, from, table);
  const twice = fields.find(({ name }, index) => fields.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) {
    const message = `source.query: two columns are called "${twice.name}"; give one of them another name with AS`;
    throw new MillraceError("CONFIG_INVALID", message);
  }
  if (fields.length === 0) throw new MillraceError("CONFIG_INVALID", `source: ${from} has no columns to read`);
  const { rows } = await connection.query(TYPES, [
    fields.map(({ oid }) => oid),
    fields.map(({ modifier }) => modifier),
  ]);
  return fields.map(({ name }, index) => ({
    name,
    declared: String(rows[index]?.["declared"]),
    type: String(rows[index]?.["type"]),
  }));
}

async function fieldsOf(
  connection: Connection,
  from: string,
  table: TableName | null,
): Promise<{ readonly fields: readonly ResultField[] }> {
  const asked = `SELECT * FROM ${from} LIMIT 0`;
  if (table === null) return connection.query(asked);
  await connection.query("SAVEPOINT look");
  try {
    return await connection.query(asked);
  } catch (thrown) {
    const sqlstate = serverError(thrown)?.sqlstate;
    if (sqlstate !== "42P01" && sqlstate !== "3F000") throw thrown;
    await connection.query("ROLLBACK TO SAVEPOINT look");
    // says which name is nearest
    await readTable(connection, table);
    throw thrown;
  }
}

async function keyOf(connection: Connection, from: string): Promise<readonly string[]> {
  const { rows } = await connection.query(KEY, [from]);
  return (rows[0]?.["names"] ?? []) as readonly string[];
}

async function isTable(connection: Connection, from: string): Promise<boolean> {
  const { rows } = await connection.query(
    "SELECT relkind IN ('r', 'p', 'm') AS is FROM pg_class WHERE oid = $1::regclass",
    [from],
  );
  return rows[0]?.["is"] === true;
}
