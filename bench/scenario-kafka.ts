/** What Kafka's messages become: rows of Postgres, messages of another topic; what that costs, and what a stalled sink costs. */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { root } from "../scripts/steps.ts";
import { kafkaMissing } from "../test/support/kafka/jars.ts";
import { isInstalled, runChild } from "./child.ts";
import { type KafkaGround, writeReadyRows } from "./kafka-ground.ts";
import { readReport, REPORTING, reportingTo } from "./main-thread-report.ts";
import { type MillraceRun, runJobFile } from "./millrace.ts";
import { reportedMemory } from "./report-memory.ts";
import type { Contender, Measurement, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

const COLUMNS = { id: "int", customer_id: "uuid", created_at: "timestamp", quantity: "int", unit_price: "decimal" };
const CPU = "main thread us/message";

/** A scenario's surroundings. */
interface Work {
  readonly workshop: Workshop;
  readonly ground: KafkaGround;
  readonly rows: number;
}

/** Kafka -> typed transform -> Postgres. */
export function kafkaScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onKafka(workshop, rows, "Kafka -> transform -> Postgres", async (work) => {
    const remarks = [
      "wanted: kafkajs with INSERTs takes at least 5 times as long as millrace, \\copy of the ready rows at least half as long",
    ];
    if (!isInstalled("psql"))
      remarks.push("there is no psql here: the ready rows went through one pg-copy-streams write instead");
    return { contenders: [toPostgres(work), insertsOf(work), await readyRows(work)], remarks };
  });
}

/** What a message costs the main thread. */
export function kafkaCpuScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onKafka(workshop, rows, "main thread's CPU for a message of Kafka", async (work) => ({
    contenders: [toPostgres(work, true), readAlone(work)],
    remarks: ["wanted: millrace at most 1.5 times kafkajs alone reading; starting the process is in both"],
  }));
}

/** Kafka -> Kafka. */
export function kafkaCopyScenario(workshop: Workshop, rows: number): Promise<Scenario> {
  return onKafka(workshop, rows, "Kafka -> Kafka", async (work) => ({
    contenders: [toTopic(work, "jsonl"), toTopic(work, "bytes"), copyAlone(work)],
    remarks: ["wanted: kafkajs, which promises nothing, takes at least 0.6 times as long as millrace, exactly once"],
  }));
}

/** Memory while the sink's table is locked. */
export function kafkaStallScenario(workshop: Workshop, rows: number, stallSeconds: number): Promise<Scenario> {
  return onKafka(workshop, rows, `the table locked for ${stallSeconds} s while Kafka flows in`, async (work) => ({
    contenders: [stalled(work, stallSeconds)],
    remarks: ["wanted: peak memory under 250 MB"],
  }));
}

/** A scenario that needs the broker; without contenders where there can be none. */
async function onKafka(
  workshop: Workshop,
  rows: number,
  what: string,
  make: (work: Work) => Promise<Pick<Scenario, "contenders" | "remarks">>,
): Promise<Scenario> {
  const title = `${what}, ${rows.toLocaleString("en-US")} messages of 212 bytes in 4 partitions`;
  const missing = await kafkaMissing();
  if (missing !== undefined) return { title, rows, contenders: [], remarks: [`left out: ${missing}`] };
  return { title, rows, ...(await make({ workshop, rows, ground: await workshop.kafka(rows) })) };
}

function toPostgres(work: Work, tellsCpu = false): Contender {
  return {
    name: "millrace",
    async run() {
      await emptyServer(work);
      const run = await runMillrace(work, postgresSink(work));
      const check = tellsCpu ? `${run.summary.read} messages` : await work.workshop.tableCheck();
      const figures = { [CPU]: (run.mainThreadCpuSeconds * 1e6) / work.rows };
      return { ...measured(run), check, ...(tellsCpu && { figures }) };
    },
  };
}

function insertsOf({ workshop, ground }: Work): Contender {
  return {
    name: "kafkajs eachBatch, JSON.parse, INSERTs of 1000 rows",
    async run() {
      await workshop.emptyTable();
      const script = nodeScript("kafkajs-to-postgres.ts", ...addressOf(ground), workshop.server.url());
      const { seconds, stderr } = await runChild(script);
      return { seconds, check: await workshop.tableCheck(), ...reportedMemory(stderr) };
    },
  };
}

async function readyRows({ workshop, rows }: Work): Promise<Contender> {
  const file = workshop.cached(`order-messages-${rows}.copy`);
  await writeReadyRows(rows, file);
  const url = workshop.server.url();
  const psql = { command: "psql", args: [url, "-qc", `\\copy orders from '${file}'`] };
  const hasPsql = isInstalled("psql");
  return {
    name: hasPsql ? "psql \\copy of ready rows" : "one COPY of ready rows",
    async run() {
      await workshop.emptyTable();
      const { seconds, stderr } = await runChild(hasPsql ? psql : nodeScript("copy-ready-rows.ts", file, url));
      return { seconds, check: await workshop.tableCheck(), ...reportedMemory(stderr) };
    },
  };
}

function readAlone({ workshop, ground, rows }: Work): Contender {
  return {
    name: "kafkajs eachBatch alone, nothing done",
    async run() {
      const report = workshop.path("kafkajs-thread.json");
      const { command, args } = nodeScript("kafkajs-read.ts", ...addressOf(ground));
      const request = { command, args: [...REPORTING, ...args], env: reportingTo(report) };
      const { seconds, stdout, stderr } = await runChild(request);
      const figures = { [CPU]: (readReport(report).cpuSeconds * 1e6) / rows };
      return { seconds, check: `${stdout.trim()} messages`, figures, ...reportedMemory(stderr) };
    },
  };
}

function toTopic(work: Work, format: "jsonl" | "bytes"): Contender {
  const { ground } = work;
  return {
    name: `millrace, ${format}, exactly once`,
    async run() {
      const topic = await ground.newTopic();
      const sink = { type: "kafka", brokers: ground.brokers, topic, format };
      const run = await runMillrace(work, { source: ground.source({ format }), sink });
      return { ...measured(run), check: await ground.checkAndRemove(topic) };
    },
  };
}

function copyAlone({ ground }: Work): Contender {
  return {
    name: "kafkajs copying, nothing promised",
    async run() {
      const topic = await ground.newTopic();
      const { seconds, stderr } = await runChild(nodeScript("kafkajs-copy.ts", ...addressOf(ground), topic));
      return { seconds, check: await ground.checkAndRemove(topic), ...reportedMemory(stderr) };
    },
  };
}

function stalled(work: Work, stallSeconds: number): Contender {
  return {
    name: "millrace",
    async run() {
      await emptyServer(work);
      const ended = new AbortController();
      const running = runMillrace(work, postgresSink(work)).finally(() => ended.abort());
      const [run, seconds] = await Promise.all([running, lockTable(work.workshop, stallSeconds, ended.signal)]);
      return { ...measured(run), check: await work.workshop.tableCheck(), figures: { "stalled s": seconds } };
    },
  };
}

/** Takes the table away from everybody else after the first COPY, and tells for how long in seconds. */
async function lockTable({ server }: Workshop, seconds: number, ended: AbortSignal): Promise<number> {
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  try {
    while ((await client.query("select from pg_stat_progress_copy")).rows.length === 0 && !ended.aborted) await wait(5);
    await client.query("begin; lock table orders in access exclusive mode");
    const begun = performance.now();
    await wait(seconds * 1_000, undefined, { signal: ended }).catch(() => {});
    await client.query("rollback");
    return (performance.now() - begun) / 1_000;
  } finally {
    await client.end();
  }
}

/** Under a name of its own: a topic keeps the positions of a job by its name. */
function runMillrace({ workshop, rows }: Work, job: object): Promise<MillraceRun> {
  return runJobFile(workshop, rows, { name: `orders-${randomUUID()}`, ...job });
}

function postgresSink({ workshop, ground }: Work): object {
  const sink = { type: "postgres", url: workshop.server.url(), table: "orders" };
  return { source: ground.source(), columns: COLUMNS, transform: path.join(root, "config/orders.ts"), sink };
}

async function emptyServer({ workshop }: Work): Promise<void> {
  await workshop.emptyTable();
  await workshop.server.query("drop schema if exists millrace cascade");
}

function measured({ seconds, summary }: MillraceRun): Pick<Measurement, "seconds" | "peakMemoryBytes"> {
  return { seconds, peakMemoryBytes: summary.peakRssBytes };
}

function addressOf({ brokers, topic }: KafkaGround): [string, string] {
  return [brokers.join(","), topic];
}
