/** Mode async against `fetch` alone, on a local service, with as many requests in flight. */
import { createReadStream, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { root } from "../scripts/steps.ts";
import { MillraceError } from "../src/core/errors.ts";
import type { RunSummary } from "../src/core/summary.ts";
import { type ChildRequest, type ChildResult, runChild } from "./child.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";
import { Service } from "./service.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** A request costs as much as fifty records do elsewhere. */
const RECORDS_PER_REQUEST = 50;
const IN_FLIGHT = 100;
/** A thread has two chunks at work, and these many calls of each. */
const CONCURRENCY = IN_FLIGHT / 2;

/** The scenario at a number of rows. */
export function asyncScenario(workshop: Workshop, rows: number): Scenario {
  const requests = Math.max(1000, Math.round(rows / RECORDS_PER_REQUEST));
  const title = `${IN_FLIGHT} requests in flight to a local service, ${requests.toLocaleString("en-US")} orders`;
  const contenders = [millrace(workshop, requests), fetchAlone(workshop, requests)];
  return {
    title,
    rows: requests,
    contenders,
    remarks: ["wanted: fetch alone takes at least 0.9 times as long as millrace"],
  };
}

function millrace(workshop: Workshop, rows: number): Contender {
  return {
    name: "millrace, mode async, one thread",
    async run() {
      const output = workshop.path("rates.jsonl");
      const job = {
        name: "rates",
        source: { type: "file", path: workshop.orders(rows) },
        columns: { id: "int" },
        transform: { module: path.join(root, "bench/async-transform.ts"), mode: "async", concurrency: CONCURRENCY },
        chunk: { size: "128KiB" },
        workers: 1,
        sink: { type: "file", path: output },
      };
      rmSync(workshop.path("state"), { recursive: true, force: true });
      const state = path.join(workshop.path("state"), "state.db");
      const args = ["run", workshop.write("rates.json", JSON.stringify(job)), "--json", "--state", state];
      const program = path.join(root, "dist/cli/main.js");
      const { seconds, stdout } = await withService({ command: process.execPath, args: [program, ...args] });
      const summary = JSON.parse(stdout) as RunSummary;
      if (summary.written !== rows) throw new MillraceError("INVARIANT", `not all were written: ${stdout}`);
      return { seconds, check: await fileCheck(output), peakMemoryBytes: summary.peakRssBytes };
    },
  };
}

function fetchAlone(workshop: Workshop, rows: number): Contender {
  return {
    name: "csv-parse, fetch, JSON.stringify",
    async run(): Promise<Measurement> {
      const output = workshop.path("rates.jsonl");
      const request = nodeScript("fetch-to-jsonl.ts", workshop.orders(rows), output, String(IN_FLIGHT));
      const { seconds, stderr } = await withService(request);
      return { seconds, check: await fileCheck(output), ...reportedMemory(stderr) };
    },
  };
}

/** Runs a command beside a service of its own. */
async function withService(request: ChildRequest): Promise<ChildResult> {
  await using service = await Service.start("rate-server.ts");
  return await runChild({ ...request, env: { BENCH_SERVICE: service.url } });
}

/** Number of lines, sum of ids and of rates. */
async function fileCheck(file: string): Promise<string> {
  let [lines, ids, rates] = [0, 0, 0];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { id, rate } = JSON.parse(line) as { id: number; rate: number };
    lines++;
    ids += id;
    rates += rate;
  }
  return `${lines} lines, ids ${ids}, rates ${rates}`;
}
