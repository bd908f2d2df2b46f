/** The orders as a table with a key, for those who read from Postgres, and what came of it. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { runChild } from "./child.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** Reads the table in the order of its key. */
export const ORDER_ROWS = "select * from order_rows order by id";

/** Makes the table `order_rows`; gives the number of its rows, which is less than that of the orders by those with faults. */
export async function makeOrderRows(workshop: Workshop, rows: number): Promise<number> {
  const { server } = workshop;
  const file = await workshop.readyRows(rows);
  await workshop.emptyTable();
  await runChild(nodeScript("copy-ready-rows.ts", file, server.url()));
  await server.query("drop table if exists order_rows");
  await server.query("create table order_rows as table orders");
  await server.query("alter table order_rows add primary key (id)");
  await server.query("vacuum analyze order_rows");
  await workshop.emptyTable();
  const [row] = await server.query("select count(*) as rows from order_rows");
  return Number(row?.["rows"]);
}

/** Number of lines and the sum of ids, of JSON lines and of COPY text whose first column is the id. */
export async function linesCheck(file: string): Promise<string> {
  let [lines, ids] = [0, 0];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    lines++;
    ids += Number(/\d+/.exec(line)?.[0]);
  }
  return `${lines} rows, ids ${ids}`;
}

/** The same of a table. */
export async function idsCheck({ server }: Workshop, table: string): Promise<string> {
  const [row] = await server.query(`select count(*) as rows, sum(id::bigint) as ids from ${table}`);
  return `${String(row?.["rows"])} rows, ids ${String(row?.["ids"])}`;
}
