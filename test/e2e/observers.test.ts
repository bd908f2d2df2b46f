/** millrace as a library: what an embedding program can stop, watch and count, and what is left alone. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { defineJob, type Job, metrics, type RunProgress, runJob } from "../../src/index.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const ROWS = 2_000;
/** Every so many-th row is bad. */
const BAD_EVERY = 100;
const REJECTED = ROWS / BAD_EVERY;

const postgres = usePostgres();

const configOf = (project: Project) => ({
  name: "numbers",
  source: { type: "file" as const, path: project.path("in.csv") },
  columns: { n: "int" as const },
  chunk: { records: 100 },
  commit: { interval: "20ms" },
});

function writeRows(project: Project): string {
  const row = (n: number): string => (n % BAD_EVERY === 7 ? `bad${n}\n` : `${n}\n`);
  const text = `n\n${Array.from({ length: ROWS }, (_, n) => row(n)).join("")}`;
  project.write("in.csv", text);
  return text;
}

async function makeTable(): Promise<void> {
  await postgres.server.query("drop table if exists numbers; create table numbers (n int)");
}

function intoPostgres(project: Project, change: object = {}): Job {
  const sink = { type: "postgres" as const, url: postgres.server.url(), table: "numbers" };
  return defineJob({ ...configOf(project), sink, ...change }, { baseDir: project.folder });
}

describe("metrics(registry)", () => {
  test("counts on that registry what the summary counts", async () => {
    using project = new Project();
    const text = writeRows(project);
    const registry = new Registry();
    await makeTable();
    const job = intoPostgres(project);
    const begun = Date.now() / 1_000;
    const summary = await runJob(job, { observers: [await metrics(registry)] });
    expect(summary).toMatchObject({ state: "succeeded", read: ROWS, rejected: REJECTED, balanced: true });
    const shown = samplesOf(await registry.metrics());
    const read = Buffer.byteLength(text) - "n\n".length;
    expect(Object.fromEntries(shown)).toMatchObject({
      ...{ 'millrace_records_total{job="numbers",sink="sink",outcome="read"}': ROWS },
      ...{ 'millrace_records_total{job="numbers",sink="sink",outcome="written"}': ROWS - REJECTED },
      ...{ 'millrace_records_total{job="numbers",sink="sink",outcome="filtered"}': 0 },
      ...{ 'millrace_records_total{job="numbers",sink="sink",outcome="rejected"}': REJECTED },
      ...{ 'millrace_records_total{job="numbers",sink="sink",outcome="folded"}': 0 },
      ...{ 'millrace_rejects_total{job="numbers",stage="decode",code="VALUE_INVALID"}': REJECTED },
      ...{ 'millrace_bytes_total{job="numbers",direction="read"}': read },
      ...{ 'millrace_bytes_total{job="numbers",sink="sink",direction="written"}': summary.sinks["sink"]?.bytes },
      ...{ 'millrace_chunks_total{job="numbers"}': ROWS / 100 },
      ...{ 'millrace_chunk_bytes_count{job="numbers"}': ROWS / 100, 'millrace_chunk_bytes_sum{job="numbers"}': read },
      ...{ 'millrace_runs_total{job="numbers",outcome="succeeded"}': 1, 'millrace_run_in_progress{job="numbers"}': 0 },
      ...{ 'millrace_run_duration_seconds_count{job="numbers"}': 1, 'millrace_job_state{job="numbers"}': 0 },
      ...{ 'millrace_memory_budget_bytes{job="numbers",state="used"}': 0 },
      ...{ 'millrace_pool_in_use{job="numbers",pool="buffers"}': 0 },
    });
    expect(shown.get('millrace_memory_budget_bytes{job="numbers",state="limit"}')).toBeGreaterThan(1_000_000);
    expect(shown.get('millrace_last_success_timestamp_seconds{job="numbers"}')).toBeGreaterThan(begun);
    expect(shown.get('millrace_commit_seconds_count{job="numbers",sink="sink"}')).toBeGreaterThan(0);
    for (const stage of ["source", "chunker", "workers", "aggregator", "sink"] as const) {
      const { busyMs, waitInputMs } = summary.stages[stage];
      const labels = `job="numbers",stage="${stage}"`;
      expect(shown.get(`millrace_stage_busy_seconds_total{${labels}}`)).toBeCloseTo(busyMs / 1_000, 1);
      expect(shown.get(`millrace_stage_wait_seconds_total{${labels},on="input"}`)).toBeCloseTo(waitInputMs / 1_000, 1);
    }
    for (const mailbox of ["blocks", "chunks", "results", "deliveries of sink"]) {
      expect(shown.has(`millrace_mailbox_bytes{job="numbers",mailbox="${mailbox}"}`)).toBe(true);
      expect(shown.has(`millrace_mailbox_records{job="numbers",mailbox="${mailbox}"}`)).toBe(true);
    }
  });
});

/** Samples of the text format by name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

describe("runJob", () => {
  test("tells its progress up to the end", async () => {
    using project = new Project();
    writeRows(project);
    const seen: RunProgress[] = [];
    await makeTable();
    await runJob(intoPostgres(project), { onProgress: (progress) => seen.push(progress) });
    const fractions = seen.map(({ fraction }) => fraction ?? -1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ records: ROWS, rejected: REJECTED });
    expect(fractions.at(-1)).toBeCloseTo(1, 2);
  });

  test("is drained by its signal and goes on in the next call", async () => {
    using project = new Project();
    writeRows(project);
    project.write(
      "slow.ts",
      "const cell = new Int32Array(new SharedArrayBuffer(4));\nexport default (row) => (Atomics.wait(cell, 0, 0, 1), row);\n",
    );
    await makeTable();
    const slow = intoPostgres(project, { transform: "./slow.ts", chunk: { size: "1KiB" } });
    const stop = new AbortController();
    const interrupted = await runJob(slow, {
      signal: stop.signal,
      observers: [({ kind }) => kind === "unit-committed" && stop.abort()],
    });
    expect(interrupted).toMatchObject({ state: "interrupted", error: null, balanced: true });
    expect(interrupted.read).toBeLessThan(ROWS);
    const done = await runJob(intoPostgres(project));
    expect(done).toMatchObject({ run: interrupted.run, state: "succeeded", resumed: true, read: ROWS, balanced: true });
    const [row] = await postgres.server.query(
      "select count(*)::int as rows, count(distinct n)::int as distinct from numbers",
    );
    expect(row).toEqual({ rows: ROWS - REJECTED, distinct: ROWS - REJECTED });
  });

  test("writes nothing, listens to no signal, and leaves nothing that keeps the process alive", async () => {
    using project = new Project();
    writeRows(project);
    await makeTable();
    const sink = { type: "postgres", url: postgres.server.url(), table: "numbers" };
    const { code, out, err } = await runEmbedded({ ...configOf(project), sink });
    expect(err).toBe("");
    expect(code).toBe(0);
    const told = JSON.parse(out) as {
      readonly before: { readonly listeners: object; readonly resources: readonly string[] };
      readonly during: object;
      readonly after: { readonly listeners: object; readonly resources: readonly string[] };
    };
    expect(told).toMatchObject({ state: "succeeded", read: ROWS });
    expect(told.during).toEqual(told.before.listeners);
    expect(told.after).toEqual(told.before);
  });
});

/** What the embedding program writes; it is given ten seconds to end by itself. */
function runEmbedded(config: object): Promise<{ code: number | null; out: string; err: string }> {
  const program = fileURLToPath(new URL("../support/fixtures/embedding-program.ts", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(config)], {
    timeout: 10_000,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text.out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text.err += part));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...text })));
}
