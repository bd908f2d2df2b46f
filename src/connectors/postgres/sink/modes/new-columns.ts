/** Columns that the table does not have yet: `createTable` and `onUnknownField: addColumn`. */
import type { ColumnType, Columns } from "../../../../core/record.ts";
import type { Table, TableColumn } from "../../../../postgres/catalogue.ts";
import { quoteIdentifier, quoteTable } from "../../../../postgres/identifiers.ts";

/** The column's type by the field's; a field without a declared one is text. */
const TYPES: Readonly<Record<ColumnType, string>> = {
  string: "text",
  int: "bigint",
  bigint: "bigint",
  float: "double precision",
  decimal: "numeric",
  boolean: "boolean",
  date: "date",
  timestamp: "timestamp with time zone",
  uuid: "uuid",
  json: "jsonb",
  bytes: "bytea",
};

/** The type that a new column is given. */
export function newColumnType(name: string, declared: Columns): string {
  const type = Object.hasOwn(declared, name) ? declared[name]?.type : undefined;
  return type === undefined ? "text" : TYPES[type];
}

/** The table as it will be with some columns more. */
export function withColumns(table: Table, names: readonly string[], declared: Columns): Table {
  const added = missing(table, names).map((name): TableColumn => {
    const type = newColumnType(name, declared);
    const none = { notNull: false, hasDefault: false, generated: false, identity: false, identityAlways: false };
    return { name, type, declared: type, cast: type, ...none };
  });
  return { ...table, columns: [...table.columns, ...added] };
}

/**
 * The statement that adds columns; null when there are all. Two processes may add the same at the same time.
 *
 * @param table as it was found
 */
export function addColumnsStatement(table: Table, names: readonly string[], declared: Columns): string | null {
  const added = missing(table, names).map(
    (name) => `ADD COLUMN IF NOT EXISTS ${quoteIdentifier(name)} ${newColumnType(name, declared)}`,
  );
  return added.length === 0 ? null : `ALTER TABLE ${quoteTable(table)} ${added.join(", ")}`;
}

/** The statement that makes a table of some columns, where there is none. @param key its primary key; empty: none */
export function createTableStatement(
  table: Pick<Table, "schema" | "table">,
  names: readonly string[],
  declared: Columns,
  key: readonly string[],
): string {
  const columns = names.map((name) => `${quoteIdentifier(name)} ${newColumnType(name, declared)}`);
  const primary = key.length === 0 ? [] : [`PRIMARY KEY (${key.map(quoteIdentifier).join(", ")})`];
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (${[...columns, ...primary].join(", ")})`;
}

function missing({ columns }: Table, names: readonly string[]): readonly string[] {
  return names.filter((name) => !columns.some((column) => column.name === name));
}
