/** What a record costs the thread that decodes, transforms and encodes it, by sink. */
import type { CodecReport } from "./codec-chunks.ts";
import { runChild } from "./child.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** The scenario at a number of rows; CPU of one thread, so other programs on the machine weigh little. */
export function codecScenario(workshop: Workshop, rows: number): Scenario {
  const contenders = ["jsonl", "csv", "pg-copy", "pg-copy-binary"].map((format) => codec(workshop, rows, format));
  const remarks = ["wanted: at most 1.3 microseconds a record for jsonl, the transform's own 0.5 included"];
  return { title: "CSV -> transform -> bytes, one thread, no I/O", rows, contenders, remarks };
}

function codec(workshop: Workshop, rows: number, format: string): Contender {
  return {
    name: format,
    async run() {
      const { seconds, stdout } = await runChild(nodeScript("codec-chunks.ts", workshop.orders(rows), format, "5"));
      const { recordUs } = JSON.parse(stdout) as CodecReport;
      return { seconds, check: "", figures: { "CPU us/record": recordUs } };
    },
  };
}
