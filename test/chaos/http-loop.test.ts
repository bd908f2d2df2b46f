/**
 * One job's HTTP sink sends to another job's webhook through a network that cuts, halves and delays, and both processes are
 * killed in turn at random times: every record is in the table once. `KILLS=n SEED=n` for other numbers.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { freePort } from "../support/free-port.ts";
import { writeRecords } from "../support/http/jobs.ts";
import { killAtRandom } from "../support/http/kill-rounds.ts";
import { troubledNetwork } from "../support/http/network.ts";
import { IMPATIENT } from "../support/http/transient-faults.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 3);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const RECORDS = 2_000;
const TOKEN = "s3cr3t-of-webhook";
/** A process is up for at least about so long, milliseconds. */
const LIFE_MS = 2_000;

const postgres = usePostgres();

const RETRY = { for: "60s", initialDelay: "10ms", maxDelay: "100ms" };

test(`what is sent from job to job arrives once, with both killed ${KILLS} times (SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  await postgres.server.query("create table arrived (id int)");
  using receiving = new Project();
  using sending = new Project();
  const port = await freePort();
  const receiver = receiving.job({
    name: "receive",
    source: {
      type: "webhook",
      path: "/hook",
      listen: `127.0.0.1:${port}`,
      format: "json",
      auth: { type: "bearer", token: TOKEN },
    },
    sink: { type: "postgres", url: postgres.server.url(), table: "arrived" },
    commit: { interval: "50ms" },
  });
  await using network = await troubledNetwork(port, { cut: 0.01, cutAfter: 0.01, halve: 0.02, delayMs: 1 }, SEED);
  writeRecords(sending, RECORDS);
  const sender = sending.job({
    name: "send",
    source: { type: "file", path: "in.jsonl" },
    sink: {
      type: "http",
      url: `http://127.0.0.1:${network.port}/hook`,
      auth: { type: "bearer", token: TOKEN },
      concurrency: 16,
      timeout: IMPATIENT,
    },
    chunk: { size: "4KiB" },
    commit: { interval: "50ms" },
    retry: RETRY,
  });

  const start = (): CommandLine => receiving.start(["run", receiver, "--json"]);
  let running = start();
  const receiverKills = (async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await wait(LIFE_MS * (0.5 + random()));
      running.kill("SIGKILL");
      await running.ended;
      running = start();
    }
  })();
  let seen = 0;
  const counted = async (): Promise<number> => {
    const [row] = await postgres.server.query("select count(*)::int as count from arrived");
    seen = Number(row?.["count"]);
    return seen;
  };
  const watch = setInterval(() => void counted().catch(() => {}), 50);
  const victim = { project: sending, job: sender, progress: () => seen, stride: RECORDS / 8 };
  const { summary } = await killAtRandom(victim, KILLS, random);
  await receiverKills;
  await until("all have arrived", async () => (await counted()) >= RECORDS || undefined);
  clearInterval(watch);

  // Before its run has begun there is no summary.
  await until("its run begins", () => /"msg":"run (started|resumed)"/.test(running.err) || undefined);
  running.kill("SIGTERM");
  const { out, err } = await running.ended;
  expect(JSON.parse(out), err).toMatchObject({ state: "interrupted", balanced: true, error: null });
  expect(summary).toMatchObject({ state: "succeeded", written: RECORDS, rejected: 0, balanced: true });
  const rows = await postgres.server.query(
    "select count(*)::int as count, count(distinct id)::int as ids from arrived",
  );
  expect(rows).toEqual([{ count: RECORDS, ids: RECORDS }]);
}, 300_000);
