/** What a run costs its process, at two sizes: memory has to stay flat. */
import { runMillrace } from "./millrace.ts";
import type { Contender, Scenario } from "./scenario.ts";
import type { Workshop } from "./workshop.ts";

const WANTED = "wanted: main thread busy at most 25 %, event loop p99 under 20 ms, memory under 250 MB and flat";

/** The scenario at a number of rows and at five times as many. */
export function costScenario(workshop: Workshop, rows: number): Scenario {
  const title = "what a run into Postgres costs its process";
  return { title, rows, contenders: [cost(workshop, rows), cost(workshop, 5 * rows)], remarks: [WANTED] };
}

function cost(workshop: Workshop, rows: number): Contender {
  return {
    name: `millrace, ${rows.toLocaleString("en-US")} orders`,
    async run() {
      await workshop.emptyTable();
      await workshop.server.query("drop schema if exists millrace cascade");
      const sink = { type: "postgres", url: workshop.server.url(), table: "orders" };
      const { seconds, summary, mainThreadBusy, mainThreadCpu } = await runMillrace(workshop, rows, sink);
      const figures = {
        "main thread busy %": mainThreadBusy * 100,
        "main thread CPU %": mainThreadCpu * 100,
        "event loop p99 ms": summary.eventLoopP99Ms,
      };
      return { seconds, check: "", peakMemoryBytes: summary.peakRssBytes, figures };
    },
  };
}
