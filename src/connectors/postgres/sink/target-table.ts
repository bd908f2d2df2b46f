/** The table that a sink writes into, as it is or as the run will make it. */
import { isMillraceError, MillraceError } from "../../../core/errors.ts";
import type { Columns } from "../../../core/record.ts";
import { readTable, type Table } from "../../../postgres/catalogue.ts";
import type { Connection } from "../../../postgres/connection.ts";
import type { TableName } from "../../../postgres/identifiers.ts";
import { readUniqueKeys, type UniqueKey } from "../../../postgres/unique-keys.ts";
import { addColumnsStatement, createTableStatement, newColumnType, withColumns } from "./modes/new-columns.ts";
import type { PostgresSinkOptions } from "../options.ts";

/** What was found. */
export interface Found {
  readonly table: Table;
  readonly keys: readonly UniqueKey[];
  /** False: the run makes it. */
  readonly isThere: boolean;
}

/**
 * Looks at the table. Throws what the driver throws.
 *
 * @throws MillraceError TABLE_UNKNOWN
 */
export async function findTable(
  connection: Connection,
  name: TableName,
  { createTable, key }: PostgresSinkOptions,
): Promise<Found> {
  try {
    const table = await readTable(connection, name);
    return { table, keys: await readUniqueKeys(connection, table.oid), isThere: true };
  } catch (thrown) {
    if (!createTable || !isMillraceError(thrown, "TABLE_UNKNOWN")) throw thrown;
  }
  const keys = key === undefined ? [] : [{ name: "primary key", columns: key, primary: true, nullsAlike: false }];
  const table = { oid: "0", schema: await schemaOf(connection, name), table: name.table, kind: "table" } as const;
  return { table: { ...table, columns: [], rowsMayWait: key !== undefined }, keys, isThere: false };
}

/** What the job lets the run change of the table. */
export class TargetTable {
  readonly found: Found;
  readonly #grows: boolean;
  readonly #key: readonly string[];
  /** The field of `deleteWhen`: where the table does not have it, it never gets it. */
  readonly #flag: string | undefined;
  readonly #declared: Columns;

  constructor(found: Found, { onUnknownField, key = [], deleteWhen }: PostgresSinkOptions, declared: Columns = {}) {
    this.found = found;
    this.#flag = typeof deleteWhen === "object" ? deleteWhen.field : deleteWhen;
    this.#grows = onUnknownField === "addColumn" || !found.isThere;
    this.#key = key;
    this.#declared = declared;
  }

  /** Whether columns may come that it does not have yet. */
  get grows(): boolean {
    return this.#grows;
  }

  /** The type of a column, by its name, that the run would add. */
  typeOf(name: string): string {
    return newColumnType(name, this.#declared);
  }

  /** The table with the run's output columns. */
  with(columns: readonly string[]): Table {
    const { table } = this.found;
    return this.#grows ? withColumns(table, this.#withoutFlag(columns), this.#declared) : table;
  }

  /** The statement that makes it so; null when there is nothing to do. */
  growing(columns: readonly string[]): string | null {
    const { table, isThere } = this.found;
    const names = this.#withoutFlag(columns);
    if (isThere) return this.#grows ? addColumnsStatement(table, names, this.#declared) : null;
    return names.length === 0 ? null : createTableStatement(table, names, this.#declared, this.#key);
  }

  #withoutFlag(columns: readonly string[]): readonly string[] {
    return columns.filter((name) => name !== this.#flag);
  }
}

async function schemaOf(connection: Connection, { schema }: TableName): Promise<string> {
  if (schema !== undefined) return schema;
  const { rows } = await connection.query("SELECT current_schema() AS schema");
  const current = rows[0]?.["schema"];
  if (typeof current === "string") return current;
  throw new MillraceError(
    "TABLE_UNKNOWN",
    `postgres ${connection.label}: createTable: no schema of the search path is there; write table as schema.table`,
  );
}
