/**
 * A contender: reads the orders and adds something up, record by record. Prints its CPU time and the sum as JSON.
 *
 * Arguments: `records`, `batches` or `csv-parse`; the CSV file.
 */
import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import type { OrderRecord } from "./order-row.ts";

const [, , reader = "", file = ""] = process.argv;
// Named by a string of its own: the compiler need not find what is built.
const built: string = "../dist/streams/index.js";
const { readCsv } = (await import(built)) as typeof import("../src/streams/index.ts");

let [count, length] = [0, 0];

function take({ note, email }: Readonly<Record<string, string | undefined>>): void {
  count++;
  length += (note ?? "").length + (email ?? "").length;
}

const readers: Readonly<Record<string, () => Promise<void>>> = {
  async records() {
    for await (const order of readCsv(file)) take(order);
  },
  async batches() {
    for await (const batch of readCsv(file).batches()) for (const order of batch) take(order);
  },
  async "csv-parse"() {
    const parser = createReadStream(file).pipe(parse({ columns: true }));
    for await (const order of parser as AsyncIterable<OrderRecord>) take(order);
  },
};

const before = process.cpuUsage();
await readers[reader]?.();
const { user, system } = process.cpuUsage(before);
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
console.log(
  JSON.stringify({ cpuSeconds: (user + system) / 1e6, check: `${count} records, ${length}`, peakMemoryBytes }),
);
