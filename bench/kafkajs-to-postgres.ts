/** A contender: kafkajs eachBatch -> JSON.parse -> INSERTs of 1000 rows, as one would write it. Arguments: brokers, topic, the server's url. */
import { Client } from "pg";
import { kafkaOf, readToEnd } from "./kafkajs-to-end.ts";
import { type OrderRecord, type OrderRow, orderRow } from "./order-row.ts";
import { reportMemory } from "./report-memory.ts";

const ROWS_PER_INSERT = 1_000;
const COLUMNS = 8;
const [, , brokers = "", topic = "", url = ""] = process.argv;

function insertOf(rows: number): string {
  const tuple = (_: unknown, row: number): string =>
    `(${Array.from({ length: COLUMNS }, (_, column) => `$${row * COLUMNS + column + 1}`).join(",")})`;
  return `insert into orders values ${Array.from({ length: rows }, tuple).join(",")}`;
}

const fullInsert = insertOf(ROWS_PER_INSERT);
const client = new Client({ connectionString: url });
await client.connect();
await readToEnd(kafkaOf(brokers), topic, async ({ messages }) => {
  const rows = messages
    .map(({ value }) => orderRow(JSON.parse(String(value)) as OrderRecord))
    .filter((row): row is OrderRow => row !== null);
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
    const some = rows.slice(from, from + ROWS_PER_INSERT);
    const text = some.length === ROWS_PER_INSERT ? fullInsert : insertOf(some.length);
    await client.query(
      text,
      some.flatMap((row) => Object.values(row) as unknown[]),
    );
  }
});
await client.end();
reportMemory();
