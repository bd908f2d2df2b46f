/** For contenders: the rows of a query by a cursor, a thousand at a time, as pg-query-stream reads them. */
import { Client } from "pg";

const ROWS_PER_FETCH = 1_000;

/** One row as the driver gives it. */
export type CursorRow = Readonly<Record<string, unknown>>;

/** Reads a query to its end. */
export async function* cursorRows(url: string, query: string): AsyncGenerator<readonly CursorRow[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`begin; declare reading cursor for ${query}`);
  for (;;) {
    const { rows } = await client.query(`fetch ${ROWS_PER_FETCH} from reading`);
    if (rows.length === 0) break;
    yield rows as CursorRow[];
  }
  await client.end();
}
