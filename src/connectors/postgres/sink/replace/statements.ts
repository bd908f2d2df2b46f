/** Statements that the server's catalogue makes up. */
import type { Connection } from "../../../../postgres/connection.ts";

/** Runs what a query gives in its column `sql`, row after row. Throws what the driver throws. */
export async function runStatements(connection: Connection, query: string, values: readonly unknown[]): Promise<void> {
  const { rows } = await connection.query(query, values);
  for (const { sql } of rows) await connection.query(String(sql));
}
