/** Jobs that go wrong in every way beside one that is well: it does not notice, and the daemon stays ready. */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Daemon, Deployment, type ToldRun } from "../support/daemon.ts";
import { usePostgres } from "../support/postgres.ts";

const ROWS = 20;
/** Slots of the neighbour that are looked at; one comes due every second. */
const SLOTS = 6;
/** A slot is over by then on a machine that is busy with other things, milliseconds. */
const IN_TIME_MS = 15_000;
/** What a daemon with threads that hoard memory may have at most, bytes. */
const MOST_BYTES = 800 * 1024 * 1024;
const EVERY_SECOND = { type: "cron", schedule: "* * * * * *", timezone: "UTC" };

/** Ends its thread at every record. */
const CRASHES = "export default () => process.exit(1);\n";
/** Keeps more than its thread may have. */
const HOARDS = `const kept = [];
export default (record) => {
  for (;;) kept.push(new Array(100_000).fill(record));
};
`;

const postgres = usePostgres();

interface TimedRun extends ToldRun {
  readonly endedAt: string | null;
}

function deploy(deployment: Deployment): void {
  const { project } = deployment;
  project.write("jobs/in.csv", `id\n${Array.from({ length: ROWS }, (_, id) => `${id}\n`).join("")}`);
  project.write("jobs/crashes.js", CRASHES);
  project.write("jobs/hoards.js", HOARDS);
  const source = { type: "file", path: "in.csv" };
  const nowhere = { type: "file", path: "nowhere/{part}.jsonl", mode: "append" };
  const bad = { source, sink: nowhere, trigger: EVERY_SECOND, errors: { maxRejectRate: 1 } };
  deployment.deploy({
    ...{ name: "neighbour", source, sink: { type: "file", path: "out/${slot.time}.jsonl" } },
    trigger: { ...EVERY_SECOND, catchUp: "all", overlap: "bufferAll" },
  });
  deployment.deploy({ ...bad, name: "crashes", transform: "./crashes.js" });
  deployment.deploy({ ...bad, name: "hoards", transform: { module: "./hoards.js", memory: "32MiB" } });
  deployment.deploy({ ...bad, name: "fails", source: { type: "file", path: "not-there.csv" } });
  const stream = { type: "kafka", brokers: ["127.0.0.1:1"], topics: ["a"], group: "g" };
  deployment.deploy({ name: "stream", source: stream, sink: nowhere, retry: { for: "100ms" } });
  const table = { type: "postgres", url: postgres.server.url(), table: "away" };
  deployment.deploy({ ...bad, name: "away", sink: table, retry: { initialDelay: "100ms", maxDelay: "500ms" } });
}

/** The most memory that the process has had, bytes; 0 where the system does not say. */
function peakBytes({ process: { pid } }: Daemon): number {
  if (process.platform !== "linux") return 0;
  const [, kib = ""] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

test("jobs that crash, hoard, fail and wait for their sink do their neighbour no harm", async () => {
  const { server } = postgres;
  await server.query("create table away (id int)");
  using deployment = new Deployment();
  deploy(deployment);
  const daemon = await deployment.start();
  await daemon.ran("away", "succeeded");
  await server.stop();
  const since = Date.now();
  const ofNeighbour = async (): Promise<readonly TimedRun[]> =>
    ((await daemon.runs("neighbour")) as readonly TimedRun[]).filter(({ slot }) => Date.parse(slot ?? "") > since);

  const runs = await daemon.until("the neighbour has run its slots", async () => {
    expect(await daemon.readiness()).toBe(200);
    await wait(200);
    const over = (await ofNeighbour()).filter(({ state }) => state !== "running");
    return over.length >= SLOTS ? over.slice(0, SLOTS) : undefined;
  });
  expect(runs.map(({ state, written }) => [state, written])).toEqual(runs.map(() => ["succeeded", ROWS]));
  const first = Date.parse(runs[0]?.slot ?? "");
  expect(runs.map(({ slot }) => Date.parse(slot ?? ""))).toEqual(Array.from(runs, (_, index) => first + index * 1_000));
  for (const { slot, endedAt } of runs) {
    expect(Date.parse(endedAt ?? "") - Date.parse(slot ?? ""), `slot ${slot}`).toBeLessThan(IN_TIME_MS);
  }
  // Its run has not begun before its sink was there once.
  expect((await daemon.job("away")).state).toMatch(/^(?:running|waiting)$/);
  expect((await daemon.job("fails")).state).toBe("failed");
  expect((await daemon.job("stream")).state).toBe("failed");
  expect(peakBytes(daemon)).toBeLessThan(MOST_BYTES);

  await server.start();
  const before = (await daemon.runs("away")).filter(({ state }) => state === "succeeded").length;
  await daemon.until("the sink's job goes on", async () => {
    const succeeded = (await daemon.runs("away")).filter(({ state }) => state === "succeeded");
    return succeeded.length > before || undefined;
  });
  // What crashes at every record would be drained record by record.
  await daemon.kill();
});
