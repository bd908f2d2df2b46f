/**
 * Rows inserted by INSERT: mode insert, for servers and tables that take no COPY (row-level security, views with INSTEAD
 * OF triggers). Slower, for each row is taken apart here and put together by the server.
 */
import type { Connection } from "../../../../postgres/connection.ts";
import type { TableName } from "../../../../postgres/identifiers.ts";
import type { Load, RowFeed } from "./load.ts";
import { insertHead, type MergeColumn } from "./merge-statements.ts";
import { readTextRows } from "./text-rows.ts";

/** A column with the type that its texts are cast to. */
export interface InsertColumn extends MergeColumn {
  readonly cast: string;
}

/** `INSERT INTO table SELECT .. FROM unnest(..)`, a statement for the rows handed over at once. */
export class InsertLoad implements Load {
  readonly doing = "INSERT";
  readonly copyOf: string;
  readonly #columns: number;
  readonly #statement: string;

  constructor(into: TableName, columns: readonly InsertColumn[]) {
    this.copyOf = into.table;
    this.#columns = columns.length;
    const casts = columns.map(({ cast }, index) => `c${index}::${cast}`);
    const arrays = columns.map((_, index) => `$${index + 1}::text[]`);
    const names = columns.map((_, index) => `c${index}`);
    this.#statement =
      `${insertHead(into, columns)} SELECT ${casts.join(", ")} FROM unnest(${arrays.join(", ")}) ` +
      `WITH ORDINALITY AS r (${[...names, "place"].join(", ")}) ORDER BY place`;
  }

  async prepare(): Promise<void> {}

  async open(connection: Connection): Promise<RowFeed> {
    return {
      rowsBefore: 0,
      isBinary: false,
      write: async ({ bytes }) => {
        await connection.query(this.#statement, readTextRows(bytes, this.#columns));
      },
      finish: async () => {},
    };
  }
}
