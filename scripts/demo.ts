/**
 * `npm start`: sample orders from a CSV file, through a transform in threads, into a real Postgres 18 of their own; then
 * a look at what arrived and at what did not. The server and its data are gone when it ends, however it ends.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Signals } from "../src/cli/signals.ts";
import type { Observer } from "../src/core/ports/observer.ts";
import type { RunSummary } from "../src/core/summary.ts";
import { EmbeddedPostgres } from "../test/support/embedded-postgres.ts";
import { root } from "./steps.ts";

/** A module of the build: from the sources everything runs too, but takes the memory of a compiler along. */
async function built<Module>(module: string): Promise<Module> {
  return (await import(path.join(root, `dist/${module}.js`))) as Module;
}

// as src/cli/main.ts does it, which says why
setFlagsFromString("--semi-space-growth-factor=1");
const { exitCodeOfError, exitCodeOfState } = await built<typeof import("../src/cli/exit-codes.ts")>("cli/exit-codes");
const { listenForSignals } = await built<typeof import("../src/cli/signals.ts")>("cli/signals");
const { textTable } = await built<typeof import("../src/cli/text-table.ts")>("cli/text-table");
const { wantsColor } = await built<typeof import("../src/cli/terminal.ts")>("cli/terminal");
const { loadJob } = await built<typeof import("../src/config/load.ts")>("config/load");
const { systemClock } = await built<typeof import("../src/core/clock.ts")>("core/clock");
const { MillraceError } = await built<typeof import("../src/core/errors.ts")>("core/errors");
const { formatCount } = await built<typeof import("../src/observability/figures.ts")>("observability/figures");
const { painter } = await built<typeof import("../src/observability/palette.ts")>("observability/palette");
const { progressBar } =
  await built<typeof import("../src/observability/progress-bar.ts")>("observability/progress-bar");
const { renderHeader } = await built<typeof import("../src/observability/run-header.ts")>("observability/run-header");
const { renderSummary } = await built<typeof import("../src/observability/summary.ts")>("observability/summary");
const { runJob } = await built<typeof import("../src/pipeline/run-job.ts")>("pipeline/run-job");

const ROWS = 500_000;
const ORDERS = path.join(root, ".cache/demo/orders.csv");
const STATE = path.join(root, ".cache/demo/state");
const DEFAULT_COLUMNS = 100;

async function demo(signals: Signals): Promise<number> {
  await makeOrders();
  signals.graceful.throwIfAborted();
  await using server = await EmbeddedPostgres.start({ fsync: true });
  await server.query(readFileSync(path.join(root, "config/tables.sql"), "utf8"));
  signals.graceful.throwIfAborted();
  const summary = await load(server, signals);
  if (summary.state === "succeeded") console.log(`\n${await revenue(server)}\n\n${await rejects(server)}\n\n${NEXT}`);
  return exitCodeOfState(summary.state, signals.received);
}

/** The file is made once, and by another process, so that the run's peak of memory is the run's own. */
async function makeOrders(): Promise<void> {
  if (existsSync(ORDERS)) return;
  console.log(`making ${formatCount(ROWS)} sample orders in ${path.relative("", ORDERS)}`);
  const generator = path.join(import.meta.dirname, "generate-orders.ts");
  const child = spawn(process.execPath, [generator, String(ROWS), ORDERS], { stdio: ["ignore", "ignore", "inherit"] });
  await once(child, "close");
}

/** Runs the job as `millrace run config/orders.yaml` does. */
async function load(server: EmbeddedPostgres, { graceful, kill }: Signals): Promise<RunSummary> {
  // what an earlier server held is gone, so its runs are too
  rmSync(STATE, { recursive: true, force: true });
  const job = await loadJob(path.join(root, "config/orders.yaml"), {
    environment: { ...process.env, DATABASE_URL: server.url() },
  });
  const color = wantsColor(process.stdout, process.env);
  using bar = progressBar(process.stdout, systemClock, { color });
  const header: Observer = (event) => {
    if (event.kind !== "run-started") return;
    const place = `embedded Postgres 18 on 127.0.0.1:${server.port}`;
    const sinks = Object.fromEntries(Object.entries(event.sinks).map(([name, label]) => [name, `${label} (${place})`]));
    bar.write(`${renderHeader({ ...event, sinks }, painter(color))}\n\n`);
  };
  const state = path.join(STATE, "state.db");
  const summary = await runJob(job, { observers: [header, bar], signal: graceful, kill, state });
  bar[Symbol.dispose]();
  const width = process.stdout.columns || DEFAULT_COLUMNS;
  console.log(renderSummary(summary, { color, width, rejectsAt: "table millrace.rejects" }));
  return summary;
}

/** What arrived, added up by the server. */
async function revenue(server: EmbeddedPostgres): Promise<string> {
  const rows = await server.query(
    `select country, to_char(count(*), 'FM999,999,999') as orders, to_char(sum(amount), 'FM999,999,999,990.00') as revenue
     from orders group by country order by sum(amount) desc limit 4`,
  );
  const cells = rows.map(({ country, orders, revenue }) => [String(country), String(orders), String(revenue)]);
  return textTable(["country", "orders", "revenue"], cells, { indent: "  " });
}

/** What did not arrive is kept with its place and its bytes. */
async function rejects(server: EmbeddedPostgres): Promise<string> {
  const rows = await server.query("select line, message, raw from millrace.rejects order by ordinal limit 3");
  const cells = rows.map(({ line, message, raw }) => [String(line), String(message), shorten(String(raw))]);
  return textTable(["line", "rejected as", "the record"], cells, { indent: "  " });
}

function shorten(text: string): string {
  const line = text.trimEnd().replaceAll("\n", "\\n");
  return line.length <= 100 ? line : `${line.slice(0, 38)}...${line.slice(-59)}`;
}

const NEXT =
  "next: edit config/orders.ts and run npm start again · npm test · docs/ and README.md say how to write a job of your own";

async function main(): Promise<number> {
  using signals = listenForSignals(process, (line) => console.error(line));
  try {
    return await demo(signals);
  } catch (thrown) {
    const error = MillraceError.from(thrown);
    console.error(`error: ${error.message} (${error.code})`);
    return exitCodeOfError(error, signals.received);
  }
}

process.exitCode = await main();
