import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";

const job = (changes: Partial<JobConfig>) =>
  defineJob({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "postgres", url: "postgres://localhost/x", table: "orders" },
    ...changes,
  });

test("promiseOf() promises a record once into Postgres, and warns that append doubles in a second run", () => {
  expect(promiseOf(job({}))).toEqual([
    {
      sink: "sink",
      promise: "every source record takes effect once, also after kill -9 (position in the data's transaction)",
      weakenedBy: [],
      warnings: ["a second run appends the same files again (incremental: false)"],
    },
  ]);
});

test("promiseOf() promises a record once in a finished file", () => {
  expect(promiseOf(job({ sink: { type: "file", path: "out.jsonl" } }))).toEqual([
    {
      sink: "sink",
      promise: "every source record takes effect once in the finished file, which appears only when it is complete",
      weakenedBy: [],
      warnings: [],
    },
  ]);
});

test("promiseOf() promises an incremental job's records once over all runs, and says what waits or is missed", () => {
  expect(promiseOf(job({ source: { type: "file", path: "orders.csv", incremental: true } }))).toMatchObject([
    {
      promise: expect.stringMatching(/takes effect once, .*; over all runs of the job together$/),
      warnings: [
        expect.stringMatching(/^a last record without a line end waits for a later run, and what a file held/),
      ],
    },
  ]);
});

test("promiseOf() warns that an incremental run into mode replace leaves only its own records", () => {
  const { source, ...rest } = job({ sink: { type: "file", path: "out.jsonl" } });
  const [promise] = promiseOf({ ...rest, source: { ...source, incremental: true } as typeof source });
  expect(promise?.warnings).toContain(
    "the result holds only what the last run read (incremental: true, mode: replace); set mode: append",
  );
});

test("promiseOf() names the transform that weakens it", () => {
  const [promise] = promiseOf(job({ transform: { module: "a.ts", deterministic: false } }));
  expect(promise?.weakenedBy).toEqual([
    "transform.deterministic: false: a record that is tried again after a crash may come out differently",
  ]);
  expect(promiseOf(job({ transform: "a.ts" }))[0]?.weakenedBy).toEqual([]);
});

test("promiseOf() promises nothing for a pair that nobody has tried", () => {
  const plain = job({});
  const kafka = { ...plain, source: { ...plain.source, type: "kafka" } } as unknown as typeof plain;
  expect(promiseOf(kafka)[0]?.promise).toBe("nothing is promised for this pair yet");
});
