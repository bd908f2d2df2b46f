import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";

const promised = (sink: object, job: object = {}) => {
  const config = {
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "postgres", url: "postgres://localhost/x", table: "orders", ...sink },
    ...job,
  } as JobConfig;
  return promiseOf(defineJob(config))[0];
};

describe("a job's promise in each mode of a Postgres sink", () => {
  test.each([
    ["append", /data's transaction\)$/, 1],
    ["insert", /data's transaction\)$/, 1],
    ["upsert", /of several with one key the last one holds$/, 0],
    ["insertIgnore", /or none where a row with its key is there already$/, 0],
    ["replace", /readers see the rows from before the run until it succeeds/, 0],
  ])("%s", (mode, promise, warnings) => {
    const found = promised({ mode });
    expect(found?.promise).toMatch(promise);
    expect(found?.warnings).toHaveLength(warnings);
  });

  test.each([
    [{}, { order: "none" }, "any may come last", "onlyNewer"],
    [
      { deleteWhen: "gone", onlyNewer: "at" },
      {},
      "an older record that comes later inserts it again",
      "marks rows as deleted",
    ],
  ])("upsert with %j, %j", (sink, job, edge, change) => {
    const expected = { edge: expect.stringContaining(edge), change: expect.stringContaining(change) };
    expect(promised({ mode: "upsert", ...sink }, job)?.warnings).toEqual([expected]);
  });

  test("upsert with onlyNewer needs no order", () => {
    expect(promised({ mode: "upsert", onlyNewer: "at" }, { order: "none" })?.warnings).toEqual([]);
  });
});
