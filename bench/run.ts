/**
 * `npm run bench`: millrace against what people use today, on this machine.
 *
 *     npm run bench -- [postgres] [jsonl] [gzip] [cost] [async] [poison] [units] [codec] [startup] [streams] [batch-work] [--rows 1000000] [--rounds 3] [--write docs/bench.md]
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
import { gzipScenario } from "./scenario-gzip.ts";
import { jsonlScenario } from "./scenario-jsonl.ts";
import { poisonScenario } from "./scenario-poison.ts";
import { postgresScenario } from "./scenario-postgres.ts";
import { startupScenario } from "./scenario-startup.ts";
import { streamsScenario } from "./scenario-streams.ts";
import { unitsScenario } from "./scenario-units.ts";
import { Workshop } from "./workshop.ts";

const SCENARIOS: { readonly [name: string]: (workshop: Workshop, rows: number) => Scenario | Promise<Scenario> } = {
  postgres: postgresScenario,
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
};

interface Wishes {
  readonly names: readonly string[];
  readonly rows: number;
  readonly rounds: number;
  readonly write: string | undefined;
}

function readWishes(): Wishes | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: "string", default: process.env["BENCH_ROWS"] ?? "1000000" },
      rounds: { type: "string", default: process.env["BENCH_ROUNDS"] ?? "3" },
      write: { type: "string" },
    },
  });
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const known = positionals.every((name) => name in SCENARIOS);
  if (!known || !Number.isInteger(rows) || !Number.isInteger(rounds) || rows < 1 || rounds < 1) return undefined;
  return { names: positionals.length > 0 ? positionals : Object.keys(SCENARIOS), rows, rounds, write: values.write };
}

async function bench({ names, rows, rounds, write }: Wishes): Promise<void> {
  await using workshop = await Workshop.open();
  const parts = [await machine(workshop, rounds)];
  console.log(`${parts[0]}\n`);
  for (const name of names) {
    const scenario = await SCENARIOS[name]?.(workshop, rows);
    if (scenario === undefined) continue;
    console.log(scenario.title);
    const table = await runSeries(scenario, rounds, (text) => console.log(text));
    const remarks = scenario.remarks.map((remark) => `  ${remark}`);
    const result = [scenario.title, "", table, ...remarks].join("\n");
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
    `usage: npm run bench -- [${Object.keys(SCENARIOS).join("] [")}] [--rows n] [--rounds n] [--write file]`,
  );
  process.exitCode = 2;
} else {
  await bench(wishes);
}
