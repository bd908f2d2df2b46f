/** A contender: `fetch` alone, so many in flight, records in and lines out. Arguments: the CSV file, the output, how many. */
import { createReadStream, createWriteStream } from "node:fs";
import { parse } from "csv-parse";
import { reportMemory } from "./report-memory.ts";

const [, , file = "", output = "", inFlight = "100"] = process.argv;
const service = process.env["BENCH_SERVICE"] ?? "";

const lines = createWriteStream(output);
const parser = createReadStream(file).pipe(parse({ columns: true }));
const records = parser.iterator() as AsyncIterator<{ readonly id: string; readonly email: string }>;

/** Takes the next record whenever it is done with one. */
async function lane(): Promise<void> {
  for (let next = await records.next(); next.done !== true; next = await records.next()) {
    const { id, email } = next.value;
    const reply = await fetch(`${service}/rate?id=${id}`);
    const { rate } = (await reply.json()) as { rate: number };
    lines.write(`${JSON.stringify({ id: Number(id), email, rate })}\n`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, lane));
await new Promise((resolve) => lines.end(resolve));
reportMemory();
