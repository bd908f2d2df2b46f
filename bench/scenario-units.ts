/** What it costs to commit often: positions, rejects and rows together, so that a crash loses and doubles nothing. */
import { ordersJob, runJobFile } from "./millrace.ts";
import type { Contender, Scenario } from "./scenario.ts";
import type { Workshop } from "./workshop.ts";

const WANTED = "wanted: the usual units take at most 1.10 times as long as one for the whole run";

/** A unit ends at 64 chunks, so it takes large ones to make one of a million orders. */
const LARGE = { chunk: { size: "4MiB" } };
const ENDLESS = { commit: { bytes: "64GiB", interval: "1h" } };

/** The scenario at a number of rows. */
export function unitsScenario(workshop: Workshop, rows: number): Scenario {
  const title = `CSV -> transform -> Postgres in one unit and in many, ${rows.toLocaleString("en-US")} orders`;
  const contenders = [
    load(workshop, rows, "one unit for the whole run", { ...LARGE, ...ENDLESS }),
    load(workshop, rows, "usual units of the same chunks", LARGE),
    load(workshop, rows, "as usual", {}),
  ];
  return { title, rows, contenders, remarks: [WANTED] };
}

function load(workshop: Workshop, rows: number, name: string, change: object): Contender {
  return {
    name,
    async run() {
      await workshop.emptyTable();
      await workshop.server.query("drop schema if exists millrace cascade");
      const sink = { type: "postgres", url: workshop.server.url(), table: "orders" };
      const job = { ...ordersJob(workshop.orders(rows)), sink, ...change };
      const { seconds, summary } = await runJobFile(workshop, rows, job);
      return { seconds, check: await workshop.tableCheck(), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}
