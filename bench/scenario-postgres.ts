/** CSV -> transform -> Postgres. */
import path from "node:path";
import { isInstalled, runChild } from "./child.ts";
import { runMillrace } from "./millrace.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** The scenario at a number of rows. */
export async function postgresScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  const psql = isInstalled("psql");
  const python = isInstalled("python3");
  const contenders = [millrace(workshop, rows), csvParse(workshop, rows), await readyRows(workshop, rows, psql)];
  const remarks = ["wanted: csv-parse takes at least 5 times as long as millrace"];
  if (!psql) remarks.push("there is no psql here: the ready rows went through one pg-copy-streams write instead");
  if (psql && python) contenders.push(seedDesign(workshop, rows));
  else remarks.push("the seed's design in Python was left out: it needs python3 and psql");
  return { title: `CSV -> transform -> Postgres, ${rows.toLocaleString("en-US")} orders`, rows, contenders, remarks };
}

function millrace(workshop: Workshop, rows: number): Contender {
  return {
    name: "millrace",
    async run() {
      await workshop.emptyTable();
      await workshop.server.query("drop schema if exists millrace cascade");
      const { seconds, summary } = await runMillrace(workshop, rows, {
        type: "postgres",
        url: workshop.server.url(),
        table: "orders",
      });
      return { seconds, check: await workshop.tableCheck(), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

function csvParse(workshop: Workshop, rows: number): Contender {
  return {
    name: "csv-parse, Transform, pg-copy-streams",
    async run() {
      await workshop.emptyTable();
      const { seconds, stderr } = await runChild(
        nodeScript("csv-parse-to-postgres.ts", workshop.orders(rows), workshop.server.url()),
      );
      return { seconds, check: await workshop.tableCheck(), ...reportedMemory(stderr) };
    },
  };
}

async function readyRows(workshop: Workshop, rows: number, psql: boolean): Promise<Contender> {
  const file = await workshop.readyRows(rows);
  const url = workshop.server.url();
  const copy = `\\copy orders from '${file}'`;
  const request = psql ? { command: "psql", args: [url, "-qc", copy] } : nodeScript("copy-ready-rows.ts", file, url);
  return {
    name: psql ? "psql \\copy of ready rows" : "one COPY of ready rows",
    async run() {
      await workshop.emptyTable();
      const { seconds, stderr } = await runChild(request);
      return { seconds, check: await workshop.tableCheck(), ...reportedMemory(stderr) };
    },
  };
}

function seedDesign(workshop: Workshop, rows: number): Contender {
  const script = path.join(import.meta.dirname, "seed_design.py");
  const copy = "\\copy orders from stdin with (format csv, null '\\N')";
  return {
    name: "the seed's design in Python, psql \\copy",
    async run() {
      await workshop.emptyTable();
      const { seconds, stderr } = await runChild({
        command: "python3",
        args: [script, workshop.orders(rows), "csv", "2"],
        into: { command: "psql", args: [workshop.server.url(), "-qc", copy] },
      });
      return { seconds, check: await workshop.tableCheck(), ...reportedMemory(stderr) };
    },
  };
}
