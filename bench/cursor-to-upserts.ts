/** A contender: rows by a cursor, INSERT .. ON CONFLICT of 1000 rows. Arguments: the server's url, the query, the table. */
import { Client } from "pg";
import { type CursorRow, cursorRows } from "./cursor-rows.ts";
import { reportMemory } from "./report-memory.ts";

const [, , url = "", query = "", table = ""] = process.argv;

function upsertOf(rows: number, columns: readonly string[]): string {
  const tuple = (_: unknown, row: number): string =>
    `(${columns.map((_name, column) => `$${row * columns.length + column + 1}`).join(",")})`;
  const tuples = Array.from({ length: rows }, tuple).join(",");
  const set = columns.map((name) => `${name} = excluded.${name}`).join(", ");
  return `insert into ${table} values ${tuples} on conflict (id) do update set ${set}`;
}

const texts = new Map<number, string>();
const client = new Client({ connectionString: url });
await client.connect();
for await (const rows of cursorRows(url, query)) {
  const columns = Object.keys(rows[0] as CursorRow);
  const text = texts.get(rows.length) ?? upsertOf(rows.length, columns);
  texts.set(rows.length, text);
  await client.query(
    text,
    rows.flatMap((row) => Object.values(row)),
  );
}
await client.end();
reportMemory();
