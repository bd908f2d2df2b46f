/** The HTTP sink against undici alone, and the HTTP source against reading the same file. */
import { MillraceError } from "../src/core/errors.ts";
import { runChild } from "./child.ts";
import { runJobFile } from "./millrace.ts";
import { orderLines } from "./order-lines.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";
import { Service } from "./service.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** A request costs as much as twenty records do elsewhere. */
const RECORDS_PER_REQUEST = 20;
const IN_FLIGHT = 100;

/** A request an order, so many in flight. */
export async function httpSinkScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  const requests = Math.max(1000, Math.round(rows / RECORDS_PER_REQUEST));
  const file = await orderLines(workshop, requests);
  const timed = (send: (address: string) => Promise<Omit<Measurement, "check">>) => async () => {
    await using service = await Service.start("order-server.ts");
    const measured = await send(`${service.url}/orders`);
    return { ...measured, check: await (await fetch(`${service.url}/taken`)).text() };
  };
  const millrace: Contender = {
    name: "millrace",
    run: timed(async (url) => {
      const source = { type: "file", path: file };
      const job = { name: "push", source, sink: { type: "http", url, concurrency: IN_FLIGHT } };
      const { seconds, summary, mainThreadCpuSeconds } = await runJobFile(workshop, requests, job);
      return { seconds, peakMemoryBytes: summary.peakRssBytes, figures: { "main CPU s": mainThreadCpuSeconds } };
    }),
  };
  const alone: Contender = {
    name: "undici alone",
    run: timed(async (url) => {
      const { seconds, stderr } = await runChild(nodeScript("undici-to-http.ts", file, url, String(IN_FLIGHT)));
      return { seconds, ...reportedMemory(stderr) };
    }),
  };
  return {
    title: `${IN_FLIGHT} requests in flight to a local service, ${requests.toLocaleString("en-US")} orders`,
    rows: requests,
    contenders: [millrace, alone],
    remarks: ["wanted: undici alone takes at least 0.9 times as long as millrace"],
  };
}

/** One long body of JSON lines. */
export async function httpSourceScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  const input = await orderLines(workshop, rows);
  const output = workshop.path("copy.jsonl");
  const copy = async (source: object): Promise<Measurement> => {
    const job = { name: "copy", source, sink: { type: "file", path: output } };
    const { seconds, summary } = await runJobFile(workshop, rows, job);
    if (summary.written !== rows) throw new MillraceError("INVARIANT", `${summary.written} of ${rows} written`);
    return { seconds, check: `${summary.written} written`, peakMemoryBytes: summary.peakRssBytes };
  };
  return {
    title: `JSON lines -> JSON lines, ${rows.toLocaleString("en-US")} orders`,
    rows,
    contenders: [
      { name: "from a file", run: () => copy({ type: "file", path: input }) },
      {
        name: "from the body of a reply",
        async run() {
          await using service = await Service.start("order-server.ts", input);
          return await copy({ type: "http", url: `${service.url}/file`, format: "jsonl" });
        },
      },
    ],
    remarks: ["wanted: the body takes at most 1.3 times as long as the file"],
  };
}
