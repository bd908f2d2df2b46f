import { appendFileSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { memberOf } from "../../support/compressed.ts";
import { Folder } from "../connectors/file-support.ts";

const ROWS = 60_000;
const text = `id,value\n${Array.from({ length: ROWS }, (_, i) => `${i},${Math.sin(i)}\n`).join("")}`;

describe.each(["gzip", "zstd"] as const)("runJob() over a %s file that is cut off", (name) => {
  test("fails with how far it was good, keeps what is committed, and goes on there once the rest has come", async () => {
    using folder = new Folder();
    const whole = memberOf(name, text);
    const cut = Math.floor(whole.length * 0.8);
    const file = folder.write("a.csv", whole.subarray(0, cut));
    const job = defineJob(
      {
        name: "cut",
        source: { type: "file", path: "a.csv" },
        sink: { type: "file", path: "out-{part}.jsonl" },
        chunk: { size: "64KiB" },
        commit: { bytes: "64KiB" },
        workers: 1,
      },
      { baseDir: folder.path },
    );
    const state = openMemoryStore();
    const failed = await runJob(job, { state });
    expect(failed).toMatchObject({ state: "failed", balanced: true, error: { code: "SOURCE_FAILED" } });
    expect(failed.error?.message).toMatch(
      new RegExp(
        `reading a\\.csv: its ${name} data is cut off at compressed byte ${cut}, decompressed byte \\d+; every`,
      ),
    );
    expect(failed.written).toBeGreaterThan(0);

    appendFileSync(file, whole.subarray(cut));
    expect(await runJob(job, { state })).toMatchObject({
      state: "succeeded",
      resumed: true,
      read: ROWS,
      written: ROWS,
    });
    const rows = readFileSync(folder.at("out-00000.jsonl"), "utf8").trimEnd().split("\n");
    expect(rows.map((row) => Number((JSON.parse(row) as { id: string }).id))).toEqual(
      Array.from({ length: ROWS }, (_, i) => i),
    );
  });
});
