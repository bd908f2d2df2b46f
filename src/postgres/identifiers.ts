/** Names in SQL: quoting them, and reading a table's name as a config spells it. */
import { MillraceError } from "../core/errors.ts";

/** A table's name; without a schema, the search path decides. */
export interface TableName {
  readonly schema?: string;
  readonly table: string;
}

/**
 * A name as SQL takes it literally.
 *
 * @example
 * quoteIdentifier('my "table"'); // '"my ""table"""'
 */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text as SQL takes it literally, whatever the server makes of backslashes.
 *
 * @example
 * quoteLiteral("it's"); // "'it''s'"
 */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A table's name as SQL takes it literally. */
export function quoteTable({ schema, table }: TableName): string {
  return schema === undefined ? quoteIdentifier(table) : `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/**
 * Reads `table`, `schema.table` and, for names with dots in them, `"schema"."table"`. Case is kept as it stands.
 *
 * @throws MillraceError CONFIG_INVALID for anything else
 * @example
 * parseTableName('sales."Q1.orders"'); // { schema: "sales", table: "Q1.orders" }
 */
export function parseTableName(text: string): TableName {
  const parts = /^(?:(?<schema>"(?:[^"]|"")+"|[^".]+)\.)?(?<table>"(?:[^"]|"")+"|[^".]+)$/.exec(text)?.groups;
  if (parts?.["table"] === undefined) {
    throw new MillraceError(
      "CONFIG_INVALID",
      `table: ${JSON.stringify(text)} is no table name; expected table or schema.table`,
    );
  }
  const table = unquote(parts["table"]);
  return parts["schema"] === undefined ? { table } : { schema: unquote(parts["schema"]), table };
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
