/**
 * Works orders off in this one thread, chunk by chunk, as a worker thread does, and prints what a record costs.
 *
 *     node bench/codec-chunks.ts <csv file> <jsonl | csv | pg-copy | pg-copy-binary> [times]
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../scripts/steps.ts";
import type { EncodeSpec } from "../src/core/ports/format.ts";
import { systemClock } from "../src/core/clock.ts";
import type { Task, TaskSpec } from "../src/core/task.ts";
import { formatByName } from "../src/formats/catalog.ts";
import { TaskThread } from "../src/task/task-thread.ts";

/** What the process prints. */
export interface CodecReport {
  readonly records: number;
  /** CPU of the thread a record, microseconds: the lower quartile of the passes. */
  readonly recordUs: number;
  /** Of all output bytes. */
  readonly digest: string;
}

const CHUNK_BYTES = 1 << 20;
const OUTPUT_BYTES = 4 << 20;
/** The first passes are the compiler's. */
const WARM_UP = 3;

const COLUMNS = {
  id: { type: "int" },
  customer_id: { type: "uuid" },
  created_at: { type: "timestamp" },
  quantity: { type: "int" },
  unit_price: { type: "decimal" },
} as const;

const TARGETS = [
  ["id", "int4"],
  ["customer_id", "uuid"],
  ["created_at", "timestamptz"],
  ["country", "text"],
  ["category", "text"],
  ["amount", "numeric"],
  ["note", "text"],
  ["email", "text"],
] as const;

function sinkOf(format: string): EncodeSpec {
  const columns = TARGETS.map(([name, type]) => (format.startsWith("pg-copy") ? { name, type } : { name }));
  const needsColumns = format !== "jsonl";
  return {
    sink: "sink",
    format,
    options: {},
    columns: needsColumns ? columns : null,
    needsColumns,
    onUnknownField: "error",
  };
}

/** The file as tasks of about a chunk; borders are where the splitter sees them. */
function tasksOf(file: string, spec: TaskSpec): Task[] {
  const input = readFileSync(file);
  const format = formatByName("csv");
  const header = format.readHeader(input, true, spec.decode);
  const splitter = format.splitter(spec.decode);
  const tasks: Task[] = [];
  const lent = { out: [new SharedArrayBuffer(OUTPUT_BYTES)], index: new SharedArrayBuffer(CHUNK_BYTES) };
  for (let from = header?.dataOffset ?? 0; from < input.length; ) {
    const end = Math.min(input.length, from + CHUNK_BYTES);
    const to = from + splitter.lastBorder(input.subarray(from, end), 0, end - from).end;
    const memory = new SharedArrayBuffer(to - from);
    new Uint8Array(memory).set(input.subarray(from, to));
    tasks.push({
      ...{ split: file, fields: header?.fields, memory, begin: 0, end: to - from, ends: undefined, from: `${from}` },
      ...{
        firstLine: 1,
        final: to === input.length,
        truncated: false,
        ...lent,
        columns: {},
        poison: [],
        only: null,
        careful: false,
        meta: undefined,
      },
    });
    from = to;
  }
  return tasks;
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** What other programs on the machine do to the caches only ever adds. */
function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 2] ?? 0;
}

async function main([file = "", format = "jsonl", times = "9"]: readonly string[]): Promise<void> {
  const transform = {
    module: path.join(root, "config/orders.ts"),
    export: null,
    mode: null,
    concurrency: 1,
    timeoutMs: 30_000,
  };
  const decode = { format: "csv", options: {}, columns: COLUMNS, maxRecordBytes: 1 << 20 };
  const spec: TaskSpec = { job: "orders", run: "bench", decode, transform, sinks: [sinkOf(format)] };
  const thread = await TaskThread.create(spec, { format: formatByName, busyClock: () => 0, clock: systemClock });
  const tasks = tasksOf(file, spec);
  const costs: number[] = [];
  const hash = createHash("sha256");
  let records = 0;
  for (let pass = 0; pass < WARM_UP + Number(times); pass++) {
    records = 0;
    const begun = threadCpuUs();
    for (const task of tasks) {
      const reply = await thread.run(task, { at: () => undefined, beat: () => undefined });
      records += reply.records;
      const [output] = reply.outputs;
      if (pass === 0 && output !== undefined) {
        hash.update(new Uint8Array(output.memory ?? (task.out[0] as SharedArrayBuffer), 0, output.bytes));
      }
    }
    if (pass >= WARM_UP) costs.push((threadCpuUs() - begun) / records);
  }
  const report: CodecReport = { records, recordUs: lowerQuartile(costs), digest: hash.digest("hex").slice(0, 16) };
  console.log(JSON.stringify(report));
}

if (import.meta.main) await main(process.argv.slice(2));
