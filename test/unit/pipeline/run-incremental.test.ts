import { appendFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import type { RunJobOptions } from "../../../src/pipeline/run-options.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { Folder } from "../connectors/file-support.ts";

/** Runs of one incremental job in a folder, with one state store. */
class Runs {
  readonly state: StateStore = openMemoryStore();
  readonly #folder: Folder;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  run(change: Partial<JobConfig> = {}, options: RunJobOptions = {}): Promise<RunSummary> {
    const config: JobConfig = {
      name: "logs",
      source: { type: "file", path: "in/*.csv", incremental: true },
      sink: { type: "file", path: "out/{part}.jsonl", mode: "append" },
      errors: { maxRejectRate: 1 },
      workers: 1,
      ...change,
    };
    return runJob(defineJob(config, { baseDir: this.#folder.path }), { state: this.state, ...options });
  }

  /** All lines of all parts. */
  get written(): readonly unknown[] {
    const parts = readdirSync(this.#folder.at("out")).toSorted();
    const text = parts.map((part) => readFileSync(path.join(this.#folder.at("out"), part), "utf8")).join("");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  }
}

describe("runJob() of an incremental job", () => {
  test("reads what is new, counts only that, and neither takes nor rejects a record that is half there", async () => {
    using folder = new Folder();
    const file = folder.write("in/a.csv", 'id,text\n1,a\n2,"half\na rec');
    const runs = new Runs(folder);
    const counts = ({ state, read, written, rejected, balanced }: RunSummary) => ({
      state,
      read,
      written,
      rejected,
      balanced,
    });
    const good = { state: "succeeded", balanced: true };
    expect(counts(await runs.run())).toEqual({ ...good, read: 1, written: 1, rejected: 0 });
    expect(counts(await runs.run())).toEqual({ ...good, read: 0, written: 0, rejected: 0 });
    appendFileSync(file, 'ord"\nbad\n4,');
    expect(counts(await runs.run())).toEqual({ ...good, read: 2, written: 1, rejected: 1 });
    appendFileSync(file, "d\n");
    folder.write("in/b.csv", "id,text\n9,z\n");
    expect(counts(await runs.run())).toEqual({ ...good, read: 2, written: 2, rejected: 0 });
    expect(runs.written).toEqual([
      { id: "1", text: "a" },
      { id: "2", text: "half\na record" },
      { id: "4", text: "d" },
      { id: "9", text: "z" },
    ]);
  });

  test("goes on in one scope whatever the slot and parameters, also when the files it has read are gone", async () => {
    using folder = new Folder();
    const file = folder.write("in/a.csv", "id\n1\n");
    const runs = new Runs(folder);
    await runs.run({}, { slot: "2026-01-01T00:00:00Z" });
    appendFileSync(file, "2\n");
    folder.write("in/b.csv", "id\n3\n");
    expect(await runs.run({}, { params: { region: "eu" } })).toMatchObject({ state: "succeeded", read: 2 });
    rmSync(file);
    expect(await runs.run()).toMatchObject({ state: "succeeded", read: 0 });
    expect(runs.written).toEqual([{ id: "1" }, { id: "2" }, { id: "3" }]);
  });

  test("counts the rejects of a run against its limits, not those of the runs before", async () => {
    using folder = new Folder();
    const file = folder.write("in/a.csv", "id,n\n1\n2\n3,x\n");
    const runs = new Runs(folder);
    const errors = { maxRejects: 2, maxRejectRate: 1 };
    expect(await runs.run({ errors })).toMatchObject({ state: "succeeded", rejected: 2 });
    appendFileSync(file, "4\n5\n");
    expect(await runs.run({ errors })).toMatchObject({ state: "succeeded", rejected: 2 });
    appendFileSync(file, "6\n7\n8\n");
    expect(await runs.run({ errors })).toMatchObject({ state: "rejected", rejected: 3 });
    await expect(runs.run({ errors })).rejects.toMatchObject({
      code: "REJECT_LIMIT",
      message: expect.stringContaining("3 of 3 records were rejected"),
    });
    appendFileSync(file, "9,y\n");
    expect(await runs.run({ errors }, { acceptRejects: true })).toMatchObject({ state: "succeeded", read: 1 });
  });

  test("refuses --restart, which would be nothing new", async () => {
    using folder = new Folder();
    folder.write("in/a.csv", "id\n1\n");
    const runs = new Runs(folder);
    await runs.run();
    await expect(runs.run({}, { restart: true })).rejects.toMatchObject({
      code: "RESTART_REFUSED",
      message: expect.stringContaining("an incremental job always goes on where its last run ended"),
    });
  });

  test("ends as failed, with nothing changed, where a file is not what it was; the next run goes on", async () => {
    using folder = new Folder();
    const file = folder.write(
      "in/a.csv",
      "id,text\n1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n2,b\n",
    );
    const text = readFileSync(file, "utf8");
    const runs = new Runs(folder);
    await runs.run();
    folder.write("in/a.csv", text.slice(0, -4));
    const failed = await runs.run();
    expect(failed).toMatchObject({ state: "failed", read: 0, error: { code: "SOURCE_CHANGED" } });
    folder.write("in/a.csv", `${text}3,c\n`);
    expect(await runs.run()).toMatchObject({ state: "succeeded", resumed: true, read: 1 });
    expect(runs.written).toHaveLength(3);
  });
});
