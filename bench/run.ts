/**
 * `npm run bench`: millrace against what people use today, on this machine.
 *
 *     npm run bench -- [postgres] [jsonl] [gzip] [cost] [async] [poison] [units] [codec] [startup] [streams] [batch-work] [kafka] [daemon] [http] [--rows 1000000] [--rounds 3] [--stall 60] [--runs 1000] [--write docs/bench.md]
 *
 * A name also means all that begin with it and a dash: `kafka` is kafka, kafka-cpu, kafka-copy and kafka-stall.
 *
 * Needs the built program (`npm run build`) and a machine that does nothing else. Every run is a process of its own,
 * contenders take turns, all figures are medians.
 */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";
import { runSeries } from "./series.ts";
import type { Scenario } from "./scenario.ts";
import { asyncScenario } from "./scenario-async.ts";
import { largeBatchScenario, smallBatchScenario } from "./scenario-batch.ts";
import { codecScenario } from "./scenario-codec.ts";
import { costScenario } from "./scenario-cost.ts";
import { daemonScenario } from "./scenario-daemon.ts";
import { gzipScenario } from "./scenario-gzip.ts";
import { httpSinkScenario, httpSourceScenario } from "./scenario-http.ts";
import { jsonlScenario } from "./scenario-jsonl.ts";
import { kafkaCopyScenario, kafkaCpuScenario, kafkaScenario, kafkaStallScenario } from "./scenario-kafka.ts";
import { poisonScenario } from "./scenario-poison.ts";
import { postgresScenario } from "./scenario-postgres.ts";
import {
  postgresCopyScenario,
  postgresJsonlScenario,
  postgresMemoryScenario,
  postgresUpsertScenario,
} from "./scenario-postgres-source.ts";
import { startupScenario } from "./scenario-startup.ts";
import { streamsScenario } from "./scenario-streams.ts";
import { unitsScenario } from "./scenario-units.ts";
import { webhookScenario } from "./scenario-webhook.ts";
import { Workshop } from "./workshop.ts";

type MakeScenario = (
  workshop: Workshop,
  rows: number,
  stallSeconds: number,
  runs: number,
) => Scenario | Promise<Scenario>;

const SCENARIOS: { readonly [name: string]: MakeScenario } = {
  postgres: postgresScenario,
  "postgres-jsonl": postgresJsonlScenario,
  "postgres-copy": postgresCopyScenario,
  "postgres-upsert": postgresUpsertScenario,
  "postgres-memory": postgresMemoryScenario,
  jsonl: jsonlScenario,
  gzip: gzipScenario,
  cost: costScenario,
  async: asyncScenario,
  poison: poisonScenario,
  units: unitsScenario,
  codec: codecScenario,
  startup: startupScenario,
  streams: streamsScenario,
  "batch-numbers": smallBatchScenario("double"),
  "batch-objects": smallBatchScenario("total"),
  "batch-work": largeBatchScenario,
  kafka: kafkaScenario,
  "kafka-cpu": kafkaCpuScenario,
  "kafka-copy": kafkaCopyScenario,
  "kafka-stall": kafkaStallScenario,
  daemon: daemonScenario,
  "http-sink": httpSinkScenario,
  "http-source": httpSourceScenario,
  "http-webhook": webhookScenario,
};

interface Wishes {
  readonly names: readonly string[];
  readonly rows: number;
  readonly rounds: number;
  /** How long a sink is stalled where one is. */
  readonly stallSeconds: number;
  /** Runs that a daemon is put through. */
  readonly runs: number;
  readonly write: string | undefined;
}

function readWishes(): Wishes | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: "string", default: process.env["BENCH_ROWS"] ?? "1000000" },
      rounds: { type: "string", default: process.env["BENCH_ROUNDS"] ?? "3" },
      stall: { type: "string", default: "60" },
      runs: { type: "string", default: "1000" },
      write: { type: "string" },
    },
  });
  const given = [values.rows, values.rounds, values.stall, values.runs].map(Number);
  const [rows = 0, rounds = 0, stallSeconds = 0, runs = 0] = given;
  const isWhole = given.every((figure) => Number.isInteger(figure) && figure > 0);
  const chosen = positionals.map(scenariosOf);
  if (!isWhole || chosen.some((names) => names.length === 0)) return undefined;
  const names = positionals.length > 0 ? [...new Set(chosen.flat())] : Object.keys(SCENARIOS);
  return { names, rows, rounds, stallSeconds, runs, write: values.write };
}

/** The one of this name, and those whose names go on with a dash. */
function scenariosOf(name: string): string[] {
  return Object.keys(SCENARIOS).filter((other) => other === name || other.startsWith(`${name}-`));
}

async function bench({ names, rows, rounds, stallSeconds, runs, write }: Wishes): Promise<void> {
  await using workshop = await Workshop.open();
  const parts = [await machine(workshop, rounds)];
  console.log(`${parts[0]}\n`);
  for (const name of names) {
    const scenario = await SCENARIOS[name]?.(workshop, rows, stallSeconds, runs);
    if (scenario === undefined) continue;
    console.log(scenario.title);
    const { contenders } = scenario;
    const table = contenders.length === 0 ? [] : [await runSeries(scenario, rounds, (text) => console.log(text))];
    const remarks = scenario.remarks.map((remark) => `  ${remark}`);
    const result = [scenario.title, "", ...table, ...remarks].join("\n");
    console.log(`\n${result}\n`);
    parts.push(result);
  }
  if (write !== undefined)
    writeFileSync(
      write,
      `# Benchmarks\n\n\`npm run bench\` made this page.\n\n\`\`\`\n${parts.join("\n\n")}\n\`\`\`\n`,
    );
}

/** What figures mean nothing without. */
async function machine({ server }: Workshop, rounds: number): Promise<string> {
  const [row] = await server.query("show server_version");
  const cpu = os.cpus()[0]?.model ?? "unknown processor";
  const memory = `${Math.round(os.totalmem() / 1e9)} GB`;
  const software = `Node ${process.versions.node}, Postgres ${String(row?.["server_version"])} with its default settings`;
  return `${os.availableParallelism()} cores (${cpu}), ${memory}, ${software}, ${rounds} rounds`;
}

const wishes = readWishes();
if (wishes === undefined) {
  console.error(
    `usage: npm run bench -- [${Object.keys(SCENARIOS).join("] [")}] [--rows n] [--rounds n] [--stall seconds] [--runs n] [--write file]`,
  );
  process.exitCode = 2;
} else {
  await bench(wishes);
}
