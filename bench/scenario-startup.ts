/** What it costs to start: ten records from CSV through a transform into JSON lines, process and all. */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "../scripts/steps.ts";
import { MillraceError } from "../src/core/errors.ts";
import type { RunSummary } from "../src/core/summary.ts";
import { runChild } from "./child.ts";
import type { Contender, Scenario } from "./scenario.ts";
import type { Workshop } from "./workshop.ts";

const PROGRAM = path.join(root, "dist/cli/main.js");
const ROWS = 10;
const WANTED =
  "wanted: a run of 10 rows in less than 0.45 s and 110 MB; the first one ever also compiles the transform";

/** The scenario; always the same few records, whatever number of rows is asked for. */
export function startupScenario(workshop: Workshop): Scenario {
  const cache = workshop.path("compiled");
  return {
    title: "starting: 10 records from CSV to JSON lines",
    rows: ROWS,
    contenders: [
      start(workshop, "millrace run", { NODE_COMPILE_CACHE: cache }, () => {}),
      start(workshop, "millrace run, for the first time", { NODE_COMPILE_CACHE: `${cache}-none` }, () =>
        rmSync(`${cache}-none`, { recursive: true, force: true }),
      ),
      bare(),
    ],
    remarks: [WANTED],
  };
}

function start(
  workshop: Workshop,
  name: string,
  env: { readonly [name: string]: string },
  before: () => void,
): Contender {
  return {
    name,
    async run() {
      if (!existsSync(PROGRAM)) throw new MillraceError("USAGE", "the program is not built: run npm run build first");
      before();
      const args = [PROGRAM, "run", writeJob(workshop), "--json", "--quiet", "--state", workshop.path("startup.db")];
      const { seconds, stdout } = await runChild({ command: process.execPath, args, env });
      const { written, peakRssBytes } = JSON.parse(stdout) as RunSummary;
      if (written !== ROWS) throw new MillraceError("INVARIANT", `${name}: ${written} of ${ROWS} records were written`);
      return { seconds, check: "", peakMemoryBytes: peakRssBytes };
    },
  };
}

/** What Node itself takes to start and end. */
function bare(): Contender {
  return {
    name: "node alone",
    async run() {
      const show = "console.log(process.resourceUsage().maxRSS * 1024)";
      const { seconds, stdout } = await runChild({ command: process.execPath, args: ["-e", show] });
      return { seconds, check: "", peakMemoryBytes: Number(stdout) };
    },
  };
}

function writeJob(workshop: Workshop): string {
  const rows = Array.from({ length: ROWS }, (_, id) => `${id},item ${id},${id}.50`);
  workshop.write("ten.csv", `id,name,price\n${rows.join("\n")}\n`);
  workshop.write(
    "ten.ts",
    "export default (item: { name: string }) => ({ ...item, name: item.name.toUpperCase() });\n",
  );
  return workshop.write(
    "ten.json",
    JSON.stringify({
      name: "ten",
      source: { type: "file", path: "ten.csv" },
      columns: { id: "int", price: "decimal" },
      transform: "./ten.ts",
      sink: { type: "file", path: "ten.jsonl" },
    }),
  );
}
