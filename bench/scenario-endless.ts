/**
 * Memory over a stream that is much larger than any memory: CSV made in this process is read, filtered, mapped and written
 * as CSV again, and the process's memory is noted on the way.
 *
 *     node bench/scenario-endless.ts [--gigabytes 1] [--cpu-minutes 10] [--write docs/bench/endless]
 *
 * Needs the built program (`npm run build`). Ends at whichever comes first. Writes NAME.csv and NAME.svg.
 */
import { writeFileSync } from "node:fs";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { lineChart } from "./line-chart.ts";

const GIGABYTE = 1e9;
const BLOCK_BYTES = 4e6;
const SAMPLES = 250;
const COUNTRIES = ["DE", "FR", "IT", "PL", "SE"];

/** Memory at a place of the stream. */
interface Sample {
  readonly gigabytes: number;
  readonly rssMegabytes: number;
  readonly heapMegabytes: number;
}

// Named by a string of its own: the compiler need not find what is built.
const built: string = "../dist/streams/index.js";
const { filter, map, readCsv, writeCsv } = (await import(built)) as typeof import("../src/streams/index.ts");

/** Rows of orders, about {@link BLOCK_BYTES} of them. */
function makeBlock(): Buffer {
  const rows: string[] = [];
  for (let id = 1, bytes = 0; bytes < BLOCK_BYTES; id++) {
    const price = ((id * 7919) % 100_000) / 100;
    const note = id % 10 === 0 ? `"said ""${id}"", twice"` : `order ${id}`;
    const row = `${id},${COUNTRIES[id % COUNTRIES.length]},${id % 9},${price.toFixed(2)},customer-${id}@example.org,${note}\n`;
    bytes += row.length;
    rows.push(row);
  }
  return Buffer.from(rows.join(""));
}

/** The header and then blocks, until there were enough. */
function* generated(bytes: number, cpuSeconds: number, samples: Sample[]): Generator<Uint8Array> {
  const block = makeBlock();
  const everySample = Math.max(bytes / SAMPLES, BLOCK_BYTES);
  yield Buffer.from("id,country,quantity,price,email,note\n");
  for (let done = 0, next = 0; done < bytes && cpuUsed() < cpuSeconds; done += block.length) {
    if (done >= next) {
      samples.push(sampleAt(done));
      next += everySample;
    }
    yield block;
  }
}

function sampleAt(bytes: number): Sample {
  const { rss, heapUsed } = process.memoryUsage();
  return { gigabytes: bytes / GIGABYTE, rssMegabytes: rss / 1e6, heapMegabytes: heapUsed / 1e6 };
}

function cpuUsed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const { values } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "1" },
    "cpu-minutes": { type: "string", default: "10" },
    write: { type: "string" },
  },
});
const samples: Sample[] = [];
const input = generated(Number(values.gigabytes) * GIGABYTE, Number(values["cpu-minutes"]) * 60, samples);
const orders = readCsv(input, { columns: { quantity: "int", price: "decimal" } });
const kept = filter(orders, ({ quantity }) => (quantity ?? 0) > 0);
const totals = map(kept, ({ id, country, quantity, price }) => ({
  id,
  country,
  total: Number(quantity) * Number(price),
}));
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const { records } = await writeCsv(totals, nowhere);

const last = samples.at(-1)?.gigabytes ?? 0;
const rss = samples.map(({ rssMegabytes }) => rssMegabytes);
const [half, end] = [rss.slice(0, rss.length / 2), rss.slice(rss.length / 2)].map((part) =>
  Math.max(...part).toFixed(0),
);
const title = `readCsv, filter, map, writeCsv: ${last.toFixed(1)} GB, ${records.toLocaleString("en-US")} records written`;
console.log(
  `${title}; ${cpuUsed().toFixed(0)} s of CPU; most memory in the first half ${half} MB, in the second ${end} MB`,
);
if (values.write !== undefined) {
  await writeCsv(samples, `${values.write}.csv`);
  const points = samples.map(({ gigabytes, rssMegabytes }) => [gigabytes, rssMegabytes] as const);
  writeFileSync(`${values.write}.svg`, lineChart({ title, xLabel: "GB read", yLabel: "resident memory, MB", points }));
}
