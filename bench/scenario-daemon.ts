/** What the daemon costs: until it is ready, while nothing is due, and after thousands of runs. */
import { setTimeout as wait } from "node:timers/promises";
import { textTable } from "../src/cli/text-table.ts";
import { freePort } from "../test/support/free-port.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { manyRuns, type RunsSample, slopeOf } from "./daemon-runs.ts";
import { median } from "./series.ts";
import type { Scenario } from "./scenario.ts";
import type { Workshop } from "./workshop.ts";

/** What {@link measureDaemon} needs of a workshop. */
type Ground = Pick<Workshop, "write" | "path">;

/** How much is measured. */
export interface DaemonWishes {
  readonly runs: number;
  readonly idleSeconds: number;
  /** How often the daemon is started. */
  readonly starts: number;
  readonly program?: string;
}

const JOBS = 100;
/** Jobs that are run side by side. */
const LANES = 2;
const IDLE_SECONDS = 60;
const STARTS = 7;
const WANTED =
  `wanted with ${JOBS} jobs: ready in less than 0.8 s, idle at less than 1 % of a core and 180 MB; ` +
  "less than 1 MB more per 1,000 runs, descriptors and handles flat";

/** The scenario; the number of rows means nothing here. */
export async function daemonScenario(
  workshop: Workshop,
  _rows: number,
  _stallSeconds: number,
  runs: number,
): Promise<Scenario> {
  const remarks = await measureDaemon(workshop, { runs, idleSeconds: IDLE_SECONDS, starts: STARTS }, console.log);
  return { title: `the daemon with ${JOBS} jobs, and ${runs} runs`, rows: 0, contenders: [], remarks };
}

/** Measures, and says it in lines of text. */
export async function measureDaemon(
  ground: Ground,
  { runs, idleSeconds, starts, program }: DaemonWishes,
  tell: (text: string) => void,
): Promise<readonly string[]> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const file = writeJobs(ground, url);
  const start = (): Promise<DaemonProcess> =>
    DaemonProcess.start(file, { url, ...(program !== undefined && { program }) });
  const ready: DaemonProcess["ready"][] = [];
  for (let round = 0; round < starts; round++) {
    await using daemon = await start();
    ready.push(daemon.ready);
    tell(`  start ${round + 1} of ${starts}: ${daemon.ready.seconds.toFixed(2)} s`);
  }
  await using daemon = await start();
  const idle = await idleFigures(daemon, idleSeconds);
  const samples = await manyRuns(daemon, laneNames(), runs, (sample) => tell(lineOf(sample)));
  return [
    ...textTable(["", "figure"], [...readyRows(ready), ...idle, ...growthRows(samples)], { indent: "" }).split("\n"),
    WANTED,
  ];
}

function laneNames(): readonly string[] {
  return Array.from({ length: LANES }, (_, lane) => `job-${lane}`);
}

/** Ten records each, once a night. */
function writeJobs(ground: Ground, url: string): string {
  const rows = Array.from({ length: 10 }, (_, id) => `${id},item ${id}`);
  const path = ground.write("daemon-items.csv", `id,name\n${rows.join("\n")}\n`);
  const jobs = Array.from({ length: JOBS }, (_, number) => {
    const name = `job-${number}`;
    const trigger = { type: "cron", schedule: `${number % 60} 3 * * *`, timezone: "Europe/Berlin" };
    const sink = { type: "file", path: ground.path(`daemon-out/${name}.jsonl`) };
    return ground.write(`daemon-${name}.json`, JSON.stringify({ name, source: { type: "file", path }, sink, trigger }));
  });
  const { hostname: host, port } = new URL(url);
  const state = { type: "sqlite", path: ground.path("daemon-state.db") };
  const runtime = { jobs, state, admin: { host, port: Number(port) }, log: { level: "error" } };
  return ground.write("daemon.json", JSON.stringify(runtime));
}

async function idleFigures(daemon: DaemonProcess, seconds: number): Promise<readonly (readonly string[])[]> {
  await daemon.figures(true);
  await wait(2_000);
  const before = await daemon.figures(false);
  await wait(seconds * 1_000);
  const after = await daemon.figures(false);
  const share = (after.cpuSeconds - before.cpuSeconds) / seconds;
  return [
    [`idle for ${seconds} s, share of a core`, `${(share * 100).toFixed(2)} %`],
    ["idle, resident memory", megabytes(after.rssBytes)],
  ];
}

function readyRows(ready: readonly DaemonProcess["ready"][]): readonly (readonly string[])[] {
  return [
    ["ready, time", `${median(ready.map(({ seconds }) => seconds)).toFixed(2)} s`],
    ["ready, CPU time", `${median(ready.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)} s`],
  ];
}

function growthRows(samples: readonly RunsSample[]): readonly (readonly string[])[] {
  const perThousand = (of: (sample: RunsSample) => number): number =>
    slopeOf(samples.map((sample) => [sample.runs, of(sample)])) * 1_000;
  const [first, last] = [samples[0], samples.at(-1)];
  const range = (of: (sample: RunsSample) => number): string => {
    const values = samples.map(of);
    return `${Math.min(...values)} to ${Math.max(...values)}`;
  };
  const cpu = ((last?.cpuSeconds ?? 0) - (first?.cpuSeconds ?? 0)) / (last?.runs ?? 1);
  return [
    ["a run, CPU time", `${(cpu * 1_000).toFixed(0)} ms`],
    ["resident memory per 1,000 runs", megabytes(perThousand(({ rssBytes }) => rssBytes))],
    ["heap per 1,000 runs", megabytes(perThousand(({ heapBytes }) => heapBytes))],
    ["buffers per 1,000 runs", megabytes(perThousand(({ outsideBytes }) => outsideBytes))],
    ["descriptors", range(({ descriptors }) => descriptors)],
    ["threads", range(({ threads }) => threads)],
    ["handles", range(({ resources }) => resources)],
  ];
}

function lineOf({ runs, rssBytes, heapBytes, cpuSeconds, descriptors, threads, resources }: RunsSample): string {
  const memory = `${megabytes(rssBytes)}, heap ${megabytes(heapBytes)}`;
  return `  ${runs} runs: ${memory}, ${cpuSeconds.toFixed(1)} s of CPU, ${descriptors} descriptors, ${threads} threads, ${resources} handles`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
