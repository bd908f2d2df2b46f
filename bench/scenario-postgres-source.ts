/** What is read from Postgres: into a file, into another table, and what an upsert costs. */
import { isInstalled, runChild } from "./child.ts";
import { runJobFile } from "./millrace.ts";
import { idsCheck, linesCheck, makeOrderRows, ORDER_ROWS } from "./order-rows.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** A scenario's surroundings; `rows` are those of the table that is read. */
interface Work {
  readonly workshop: Workshop;
  readonly rows: number;
}

/** Postgres -> JSON Lines. */
export function postgresJsonlScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onOrderRows(workshop, rows, "Postgres -> JSON Lines", (work) => ({
    contenders: [
      toLines(work),
      ...withPsql(() => copyOut(work, "psql \\copy (select ..) to a file, COPY text")),
      cursorToLines(work),
    ],
    remarks: ["wanted: psql takes at least 0.67 times as long as millrace, the cursor at least 4 times"],
  }));
}

/** Postgres -> Postgres. */
export function postgresCopyScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onOrderRows(workshop, rows, "Postgres -> Postgres", (work) => ({
    contenders: [
      intoTable(work, "millrace"),
      ...withPsql(() => copyOut(work, "psql \\copy (select ..) to a file")),
      ...withPsql(() => copyIn(work, "psql \\copy from that file")),
    ],
    remarks: ["wanted: the slower half takes at least 0.8 times as long as millrace"],
  }));
}

/** An upsert, and what it is compared with. */
export function postgresUpsertScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onOrderRows(workshop, rows, "Postgres -> a table with a key", (work) => ({
    contenders: [
      intoTable(work, "millrace, upsert", { mode: "upsert", key: ["id"] }),
      intoTable(work, "millrace, append", { mode: "append" }),
      upserts(work),
    ],
    remarks: ["wanted: append takes at least 0.5 times as long as upsert, the INSERTs at least twice as long"],
  }));
}

/** Memory at two sizes. */
export function postgresMemoryScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onOrderRows(workshop, rows, "Postgres -> JSON Lines at two sizes", (work) => ({
    contenders: [1, 5].map((times) => sized(toLines(work, times), (times * work.rows) / 1e6)),
    remarks: ["wanted: peak memory under 250 MB and flat"],
  }));
}

async function onOrderRows(
  workshop: Workshop,
  orders: number,
  what: string,
  make: (work: Work) => Pick<Scenario, "contenders" | "remarks">,
): Promise<Scenario> {
  const rows = await makeOrderRows(workshop, orders);
  const { contenders, remarks } = make({ workshop, rows });
  return {
    title: `${what}, ${rows.toLocaleString("en-US")} orders`,
    rows,
    contenders,
    remarks: isInstalled("psql") ? remarks : [...remarks, "psql was left out: it is not here"],
  };
}

function withPsql(make: () => Contender): readonly Contender[] {
  return isInstalled("psql") ? [make()] : [];
}

/** A contender that has work of its own size, so what it produced is not compared. */
function sized(contender: Contender, millionRows: number): Contender {
  const figures = { "million rows": millionRows };
  return { ...contender, run: async () => ({ ...(await contender.run()), check: "", figures }) };
}

/** @param times so many copies of the table are read; more than one in no order */
function toLines({ workshop, rows }: Work, times = 1): Contender {
  const file = workshop.path("order-rows.jsonl");
  const read =
    times === 1
      ? { table: "order_rows" }
      : { query: `select o.* from order_rows o cross join generate_series(1, ${times})` };
  return {
    name: times === 1 ? "millrace" : `millrace, ${(times * rows).toLocaleString("en-US")} rows`,
    async run() {
      const sink = { type: "file", path: file };
      const { seconds, summary } = await runJobFile(workshop, times * rows, {
        name: "order-rows",
        source: { type: "postgres", url: workshop.server.url(), ...read },
        sink,
      });
      return { seconds, check: await linesCheck(file), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

function copyOut({ workshop }: Work, name: string): Contender {
  const file = workshop.path("order-rows.copy");
  const args = [workshop.server.url(), "-qc", `\\copy (${ORDER_ROWS}) to '${file}'`];
  return {
    name,
    async run() {
      const { seconds } = await runChild({ command: "psql", args });
      return { seconds, check: await linesCheck(file) };
    },
  };
}

function cursorToLines({ workshop }: Work): Contender {
  const file = workshop.path("order-rows-cursor.jsonl");
  return {
    name: "a cursor (as pg-query-stream), JSON.stringify",
    async run() {
      const script = nodeScript("cursor-to-jsonl.ts", workshop.server.url(), ORDER_ROWS, file);
      const { seconds, stderr } = await runChild(script);
      return { seconds, check: await linesCheck(file), ...reportedMemory(stderr) };
    },
  };
}

/** @param mode with one the table has the source's key; without, none */
function intoTable({ workshop, rows }: Work, name: string, mode?: object): Contender {
  const url = workshop.server.url();
  return {
    name,
    async run() {
      await emptyCopy(workshop, mode !== undefined);
      const job = {
        name: "order-copy",
        source: { type: "postgres", url, table: "order_rows" },
        sink: { type: "postgres", url, table: "order_copy", ...mode },
      };
      const { seconds, summary } = await runJobFile(workshop, rows, job);
      return { seconds, check: await idsCheck(workshop, "order_copy"), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

/** What {@link copyOut} wrote, back into a table without a key. */
function copyIn({ workshop }: Work, name: string): Contender {
  const file = workshop.path("order-rows.copy");
  return {
    name,
    run: () =>
      intoCopy(workshop, false, {
        command: "psql",
        args: [workshop.server.url(), "-qc", `\\copy order_copy from '${file}'`],
      }),
  };
}

function upserts({ workshop }: Work): Contender {
  const script = nodeScript("cursor-to-upserts.ts", workshop.server.url(), ORDER_ROWS, "order_copy");
  return { name: "a cursor, INSERT .. ON CONFLICT of 1000 rows", run: () => intoCopy(workshop, true, script) };
}

async function intoCopy(
  workshop: Workshop,
  hasKey: boolean,
  request: Parameters<typeof runChild>[0],
): Promise<Measurement> {
  await emptyCopy(workshop, hasKey);
  const { seconds, stderr } = await runChild(request);
  return { seconds, check: await idsCheck(workshop, "order_copy"), ...reportedMemory(stderr) };
}

async function emptyCopy({ server }: Workshop, hasKey: boolean): Promise<void> {
  await server.query("drop schema if exists millrace cascade");
  await server.query("drop table if exists order_copy");
  await server.query(`create table order_copy (like orders${hasKey ? ", primary key (id)" : ""})`);
  await server.query("checkpoint");
}
