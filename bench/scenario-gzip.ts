/** Compressed CSV -> transform -> compressed JSON Lines. */
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { runChild } from "./child.ts";
import { runMillrace } from "./millrace.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** The scenario at a number of rows. */
export async function gzipScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  const input = await compressed(workshop.orders(rows));
  const plain = workshop.path("plain.jsonl");
  await runMillrace(workshop, rows, { type: "file", path: plain });
  const output = workshop.path("orders.jsonl.gz");
  return {
    title: `gzip'd CSV -> transform -> gzip'd JSON Lines, ${rows.toLocaleString("en-US")} orders`,
    rows,
    contenders: [alone(input, plain, output), millrace(workshop, rows, input, output)],
    remarks: ["wanted: millrace takes at most 1.5 times as long as the compression alone"],
  };
}

async function compressed(file: string): Promise<string> {
  const made = `${file}.gz`;
  if (!existsSync(made)) await pipeline(createReadStream(file), createGzip(), createWriteStream(made));
  return made;
}

function alone(input: string, plain: string, output: string): Contender {
  return {
    name: "inflating and compressing alone",
    async run() {
      const { seconds, stderr } = await runChild(nodeScript("gzip-alone.ts", input, plain, output));
      return { seconds, check: await lineCheck(output), ...reportedMemory(stderr) };
    },
  };
}

function millrace(workshop: Workshop, rows: number, input: string, output: string): Contender {
  return {
    name: "millrace",
    async run() {
      const { seconds, summary } = await runMillrace(workshop, rows, { type: "file", path: output }, "auto", input);
      return { seconds, check: await lineCheck(output), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

async function lineCheck(file: string): Promise<string> {
  let lines = 0;
  for await (const _line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) lines++;
  return `${lines} lines`;
}
