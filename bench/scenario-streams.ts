/** Reading CSV in a program's own loop. */
import { runChild } from "./child.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** The scenario at a number of rows; its seconds are those of the processor. */
export function streamsScenario(workshop: Workshop, rows: number): Scenario {
  const contender = (name: string, reader: string): Contender => ({
    name,
    async run() {
      const { stdout } = await runChild(nodeScript("stream-orders.ts", reader, workshop.orders(rows)));
      const { cpuSeconds, check, peakMemoryBytes } = JSON.parse(stdout) as {
        readonly cpuSeconds: number;
        readonly check: string;
        readonly peakMemoryBytes: number;
      };
      return { seconds: cpuSeconds, check, peakMemoryBytes };
    },
  });
  return {
    title: `readCsv: ${rows.toLocaleString("en-US")} orders of strings in a loop, CPU seconds`,
    rows,
    contenders: [
      contender("readCsv, by record", "records"),
      contender("readCsv, by batch", "batches"),
      contender("csv-parse, async iterator", "csv-parse"),
    ],
    remarks: [],
  };
}
