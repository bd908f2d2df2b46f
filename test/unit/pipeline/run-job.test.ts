import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import type { RunJobOptions } from "../../../src/pipeline/run-options.ts";
import type { RunProgress } from "../../../src/pipeline/run-progress.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { openStateStore } from "../../../src/state/open.ts";
import { systemClock } from "../../../src/core/clock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "millrace-run-"));
});
afterEach(() => rm(folder, { recursive: true }));

const inFolder = (...parts: string[]): string => path.join(folder, ...parts);
const write = (name: string, text: string): Promise<void> => writeFile(inFolder(name), text);
const read = (name: string): Promise<string> => readFile(inFolder(name), "utf8");

/** One thread, since a test's time is mostly that of starting them. */
function jobOf(change: Partial<JobConfig> = {}) {
  const config: JobConfig = {
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "file", path: "out/orders.jsonl" },
    workers: 1,
    ...change,
  };
  return defineJob(config, { baseDir: folder });
}

const run = (change: Partial<JobConfig> = {}, options: RunJobOptions = {}) =>
  runJob(jobOf(change), { state: "memory:", ...options });

describe("runJob()", () => {
  test("turns CSV into JSON lines through a transform, and publishes rejects and the result together", async () => {
    await write("orders.csv", "id,name,amount\n1,Ann,9007199254740993\n2,Bob,x\n3,Cy,12.50\n4,Di,1\n");
    await write(
      "orders.ts",
      "type Row = { id: number; name: string };\n" +
        "export default (row: Row) => {\n" +
        '  if (row.id === 4) throw new RangeError("no four");\n' +
        "  return { ...row, name: row.name.toUpperCase() };\n" +
        "};\n",
    );
    const summary = await run({
      columns: { id: "int", amount: "decimal" },
      transform: "./orders.ts",
      rejects: { type: "file", path: "rejects.jsonl" },
      errors: { maxRejectRate: 1 },
    });
    expect(summary).toMatchObject({
      state: "succeeded",
      read: 4,
      written: 2,
      rejected: 2,
      balanced: true,
      error: null,
    });
    expect(await read("out/orders.jsonl")).toBe(
      '{"id":1,"name":"ANN","amount":"9007199254740993"}\n{"id":3,"name":"CY","amount":"12.50"}\n',
    );
    const rejects = (await read("rejects.jsonl"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rejects).toMatchObject([
      {
        run: summary.run,
        position: { ordinal: 1, token: "38" },
        line: 3,
        stage: "decode",
        code: "VALUE_INVALID",
        raw: "2,Bob,x",
      },
      {
        position: { ordinal: 3 },
        line: 5,
        stage: "transform",
        code: "TRANSFORM_FAILED",
        message: "orders.ts:3:27: no four",
      },
    ]);
    expect((await readdir(inFolder("out"))).toSorted()).toEqual(["orders.jsonl"]);
  });

  test("turns JSON lines into CSV with the columns of the first chunk", async () => {
    await write("orders.jsonl", '{"id":1,"name":"a,b"}\n{"id":2}\nnot json\n{"id":3,"name":null}\n');
    const summary = await run({
      source: { type: "file", path: "orders.jsonl" },
      sink: { type: "file", path: "orders.csv" },
      errors: { maxRejectRate: 1 },
    });
    expect(summary).toMatchObject({ state: "succeeded", read: 4, written: 3, rejected: 1 });
    expect(await read("orders.csv")).toBe('id,name\n1,"a,b"\n2,\n3,\n');
  });

  test("reads many files in the order of their names", async () => {
    await mkdir(inFolder("in"));
    for (const name of ["b", "c", "a"]) await write(`in/${name}.csv`, `id\n${name}\n`);
    const summary = await run({ source: { type: "file", path: "in/*.csv" } });
    expect(summary).toMatchObject({ read: 3, written: 3 });
    expect(await read("out/orders.jsonl")).toBe('{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n');
  });

  test("tells how far it is, and whoever observes it", async () => {
    await write("orders.csv", "id\n1\n2\n");
    const progress: RunProgress[] = [];
    const events: RunEvent[] = [];
    await run(
      {},
      {
        onProgress: (told) => void progress.push(told),
        observers: [(event) => void events.push(event)],
        trigger: "test",
      },
    );
    expect(progress.at(-1)).toEqual({ records: 2, rejected: 0, bytes: 4, fraction: expect.any(Number) });
    expect(events.find(({ kind }) => kind === "run-started")).toMatchObject({
      trigger: "test",
      threads: 1,
      source: "orders.csv",
    });
  });

  test("keeps its state beside the job unless told otherwise", async () => {
    await write("orders.csv", "id\n1\n");
    const { run: id } = await runJob(jobOf());
    await using state = await openStateStore(
      { type: "sqlite", path: inFolder(".millrace", "state.db") },
      { clock: systemClock },
    );
    const row = await state.findRun(id);
    expect(row).toMatchObject({ job: "orders", state: "succeeded", slot: null });
    expect(JSON.parse(row?.summary ?? "")).toMatchObject({ run: id, written: 1 });
  });

  test("uses every core but one when it may, and as much memory as it is given", async () => {
    await write("orders.csv", "id\n1\n");
    const events: RunEvent[] = [];
    await run({ workers: "auto" }, { memoryBytes: 5_000_000, observers: [(event) => void events.push(event)] });
    const started = events.find((event) => event.kind === "run-started");
    expect(started?.threads).toBeGreaterThanOrEqual(1);
    const sampled = events.findLast((event) => event.kind === "sampled");
    expect(sampled?.budget).toEqual({ used: 0, limit: 5_000_000 });
  });
});

describe("runJob() that is ended from outside", () => {
  const many = `id\n${Array.from({ length: 150_000 }, (_, id) => `${id}\n`).join("")}`;

  test.each(["signal", "kill"] as const)(
    "by %s is interrupted, shows nothing, and goes on with the same run",
    async (verb) => {
      await write("orders.csv", many);
      const state = openMemoryStore();
      const stop = new AbortController();
      const ender = (event: RunEvent): void => {
        if (event.kind === "chunk-done") stop.abort();
      };
      const interrupted = await run({ chunk: { size: "16KiB" } }, { state, [verb]: stop.signal, observers: [ender] });
      expect(interrupted).toMatchObject({ state: "interrupted", error: null });
      expect(interrupted.read).toBeLessThan(150_000);
      await expect(read("out/orders.jsonl")).rejects.toThrow("ENOENT");
      expect(await state.findRun(interrupted.run)).toMatchObject({ state: "interrupted" });
      const finished = await run({}, { state });
      expect(finished).toMatchObject({
        run: interrupted.run,
        state: "succeeded",
        resumed: true,
        read: 150_000,
        written: 150_000,
      });
      expect((await read("out/orders.jsonl")).trimEnd().split("\n")).toHaveLength(150_000);
      await state[Symbol.asyncDispose]();
    },
  );
});

describe("runJob() that cannot begin", () => {
  test("throws what has to be changed, and leaves no run behind", async () => {
    await write("orders.csv", "id\n1\n");
    const state = openMemoryStore();
    await expect(run({ source: { type: "file", path: "none-*.csv" } }, { state })).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
    });
    await expect(run({ transform: "./nowhere.ts" }, { state })).rejects.toMatchObject({
      code: "TRANSFORM_UNLOADABLE",
      message: `transform: no file nowhere.ts in ${folder}`,
    });
    await expect(run({}, { state, resume: "nobody" })).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    expect(await state.listRuns({ limit: 10 })).toEqual([]);
    expect(await run({}, { state })).toMatchObject({ state: "succeeded" });
  });

  test("throws when the transform cannot be loaded in a thread", async () => {
    await write("orders.csv", "id\n1\n");
    await write("orders.ts", "export const other = 1;\n");
    await expect(run({ transform: "./orders.ts" })).rejects.toMatchObject({
      code: "TRANSFORM_UNLOADABLE",
      message: expect.stringContaining("no function is exported as `default`; it exports other"),
    });
  });

  test("throws LEASE_HELD while another run of the same identity works, and leaves other identities alone", async () => {
    await write("orders.csv", "id\n1\n");
    const state = openMemoryStore();
    const running = new AbortController();
    const second: { error?: unknown; other?: string } = {};
    const meanwhile = (event: RunEvent): void => {
      if (event.kind === "run-started") running.abort();
    };
    const begun = new Promise<void>((resolve) => running.signal.addEventListener("abort", () => resolve()));
    const first = run({}, { state, observers: [meanwhile] });
    await begun;
    second.error = await run({}, { state }).catch((error: unknown) => error);
    second.other = (await run({ sink: { type: "file", path: "other.jsonl" } }, { state, slot: "2026-01-01" })).state;
    expect(second.error).toMatchObject({
      code: "LEASE_HELD",
      message: expect.stringContaining(`process ${process.pid} on `),
    });
    expect(second.other).toBe("succeeded");
    expect((await first).state).toBe("succeeded");
  });
});
