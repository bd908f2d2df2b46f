/** CSV -> transform -> JSON Lines. */
import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { isInstalled, runChild } from "./child.ts";
import { runMillrace } from "./millrace.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** The scenario at a number of rows. */
export function jsonlScenario(workshop: Workshop, rows: number): Scenario {
  const output = workshop.path("orders.jsonl");
  const contenders = [
    millrace(workshop, rows, output),
    // nothing else needs the second core here, as a server would
    millrace(workshop, rows, output, 2),
    csvParse(workshop, rows, output),
  ];
  const remarks = ["wanted: csv-parse takes at least 5 times as long as millrace"];
  if (isInstalled("python3")) contenders.push(seedDesign(workshop, rows, output));
  else remarks.push("the seed's design in Python was left out: there is no python3");
  return { title: `CSV -> transform -> JSON Lines, ${rows.toLocaleString("en-US")} orders`, rows, contenders, remarks };
}

function millrace(workshop: Workshop, rows: number, output: string, workers?: number): Contender {
  return {
    name: workers === undefined ? "millrace" : `millrace, workers: ${workers}`,
    async run() {
      const { seconds, summary } = await runMillrace(workshop, rows, { type: "file", path: output }, workers);
      return { seconds, check: await fileCheck(output), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

function csvParse(workshop: Workshop, rows: number, output: string): Contender {
  return {
    name: "csv-parse, JSON.stringify",
    async run() {
      const { seconds, stderr } = await runChild(nodeScript("csv-parse-to-jsonl.ts", workshop.orders(rows), output));
      return { seconds, check: await fileCheck(output), ...reportedMemory(stderr) };
    },
  };
}

function seedDesign(workshop: Workshop, rows: number, output: string): Contender {
  const script = path.join(import.meta.dirname, "seed_design.py");
  return {
    name: "the seed's design in Python",
    async run() {
      const command = `exec python3 "$0" "$1" jsonl 2 > "$2"`;
      const { seconds, stderr } = await runChild({
        command: "sh",
        args: ["-c", command, script, workshop.orders(rows), output],
      });
      return { seconds, check: await fileCheck(output), ...reportedMemory(stderr) };
    },
  };
}

/** Number of lines, the sum of amounts in cents, and of ids: equal for everyone who did the work. */
async function fileCheck(file: string): Promise<string> {
  let [lines, cents, ids] = [0, 0, 0];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { id, amount } = JSON.parse(line) as { id: number; amount: string };
    lines++;
    ids += id;
    cents += Math.round(Number(amount) * 100);
  }
  return `${lines} lines, amount ${(cents / 100).toFixed(2)}, ids ${ids}`;
}
