/** What the server's catalogue says of a table. */
import { MillraceError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import type { Connection, Row } from "./connection.ts";
import type { TableName } from "./identifiers.ts";
import { quoteTable } from "./identifiers.ts";

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  /** As `format_type` spells it (`numeric(12,2)`, `integer[]`); a domain's is that of its base type, and an enum's `enum`. */
  readonly type: string;
  /** As a definition of the column spells it: a domain's own name, and a collation that is not its type's. */
  readonly declared: string;
  /** What a text is cast to: the type without its length, which a cast would cut to in silence. */
  readonly cast: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Computed by the server; nothing can be written into it. */
  readonly generated: boolean;
  readonly identity: boolean;
  /** An identity that an UPDATE cannot set. */
  readonly identityAlways: boolean;
}

/** A table as the catalogue has it. */
export interface Table {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  readonly kind: "table" | "partitioned" | "view" | "foreign";
  readonly columns: readonly TableColumn[];
  /**
   * Whether a row may have to wait for a row of another open transaction: for the same key (unique and exclusion
   * constraints, also of partitions), or for whatever a trigger or a view touches.
   */
  readonly rowsMayWait: boolean;
}

const KINDS: Readonly<Record<string, Table["kind"]>> = { r: "table", p: "partitioned", v: "view", f: "foreign" };

const TABLE = `
SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
  c.relkind IN ('v', 'f')
  OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid IN (SELECT c.oid UNION ALL SELECT relid FROM pg_partition_tree(c.oid))
    AND (i.indisunique OR i.indisexclusion))
  OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid IN (SELECT c.oid UNION ALL SELECT relid FROM pg_partition_tree(c.oid))
    AND NOT t.tgisinternal) AS rows_may_wait
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'f')`;

const COLUMNS = `
SELECT a.attname AS name, a.attnotnull AS not_null, a.atthasdef AS has_default, a.attgenerated <> '' AS generated,
  a.attidentity <> '' AS identity, a.attidentity = 'a' AS identity_always,
  format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation
    THEN (SELECT format(' COLLATE %I.%I', n.nspname, l.collname)
      FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation)
    ELSE '' END AS declared,
  format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, -1) AS cast,
  base.type
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid CROSS JOIN LATERAL (
  WITH RECURSIVE d (oid, typmod) AS (SELECT a.atttypid, a.atttypmod
    UNION ALL SELECT x.typbasetype, x.typtypmod FROM d JOIN pg_type x ON x.oid = d.oid WHERE x.typtype = 'd')
  SELECT CASE WHEN b.typtype = 'e' THEN 'enum'
    WHEN n.nspname <> 'pg_catalog' AND (b.typname = 'enum' OR to_regtype('pg_catalog.' || quote_ident(b.typname)) IS NOT NULL)
    THEN format('%I.%I', n.nspname, b.typname) ELSE format_type(b.oid, d.typmod) END AS type
  FROM d JOIN pg_type b ON b.oid = d.oid JOIN pg_namespace n ON n.oid = b.typnamespace WHERE b.typtype <> 'd') AS base
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`;

const NEIGHBOURS = `
SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1 LIMIT 5000`;

/**
 * Reads a table's columns and constraints. Throws what the driver throws.
 *
 * @throws MillraceError TABLE_UNKNOWN with the nearest name
 */
export async function readTable(connection: Connection, name: TableName): Promise<Table> {
  const { rows } = await connection.query(TABLE, [quoteTable(name)]);
  const found = rows[0];
  if (found === undefined) throw await unknownTable(connection, name);
  const columns = await connection.query(COLUMNS, [found["oid"]]);
  return {
    oid: String(found["oid"]),
    schema: String(found["schema"]),
    table: String(found["name"]),
    kind: KINDS[String(found["kind"])] ?? "table",
    columns: columns.rows.map(toColumn),
    rowsMayWait: found["rows_may_wait"] === true,
  };
}

/**
 * Holds column names against a table.
 *
 * @param label names the table in messages
 * @throws MillraceError COLUMN_UNKNOWN for a name that the table lacks, with the nearest one, or that it computes itself
 */
export function assertColumns(table: Table, names: readonly string[], label: string): void {
  const writable = table.columns.filter((column) => !column.generated).map((column) => column.name);
  for (const name of names) {
    if (writable.includes(name)) continue;
    const generated = table.columns.some((column) => column.name === name);
    const nearest = nearestName(name, writable);
    const hint = nearest === undefined ? `it has ${writable.join(", ")}` : `did you mean "${nearest}"?`;
    const message = generated
      ? `${label}: column "${name}" is computed by the server; leave it out of the output`
      : `${label} has no column "${name}"; ${hint}`;
    throw new MillraceError("COLUMN_UNKNOWN", message, { details: { column: name } });
  }
}

function toColumn(row: Row): TableColumn {
  return {
    name: String(row["name"]),
    type: String(row["type"]),
    declared: String(row["declared"]),
    cast: String(row["cast"]),
    notNull: row["not_null"] === true,
    hasDefault: row["has_default"] === true,
    generated: row["generated"] === true,
    identity: row["identity"] === true,
    identityAlways: row["identity_always"] === true,
  };
}

async function unknownTable(connection: Connection, name: TableName): Promise<MillraceError> {
  const spelled = name.schema === undefined ? name.table : `${name.schema}.${name.table}`;
  const { rows } = await connection.query(NEIGHBOURS);
  const nearest = nearestName(
    spelled,
    rows.map((row) => String(row["name"])),
  );
  const hint = nearest === undefined ? "create it first, or correct table" : `did you mean "${nearest}"?`;
  return new MillraceError("TABLE_UNKNOWN", `postgres ${connection.label} has no table "${spelled}"; ${hint}`, {
    details: { table: spelled },
  });
}
