/** Rows copied straight into the table: modes append and replace. */
import type { Connection } from "../../../../postgres/connection.ts";
import { CopyFeed } from "../../../../postgres/copy-feed.ts";
import { quoteIdentifier, quoteTable, type TableName } from "../../../../postgres/identifiers.ts";
import type { Load, RowFeed } from "./load.ts";

/** `COPY table (columns) FROM STDIN`. */
export class CopyLoad implements Load {
  readonly doing = "COPY";
  readonly copyOf: string;
  readonly #statement: string;

  constructor(into: TableName, columns: readonly string[]) {
    this.copyOf = into.table;
    this.#statement = copyStatement(into, columns);
  }

  async prepare(): Promise<void> {}

  open(connection: Connection): Promise<RowFeed> {
    return CopyFeed.open(connection, this.#statement);
  }
}

/** The statement that copies text rows into some columns. */
export function copyStatement(into: TableName, columns: readonly string[]): string {
  return `COPY ${quoteTable(into)} (${columns.map(quoteIdentifier).join(", ")}) FROM STDIN`;
}
