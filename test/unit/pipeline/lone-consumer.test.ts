import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { consumesAlone } from "../../../src/pipeline/lone-consumer.ts";

const kafka = { brokers: "localhost:9092", topic: "out" };
const topic = { type: "kafka", brokers: "localhost:9092", topics: "in", group: "g" } as const;
const table = { type: "postgres", url: "postgres://localhost/db", table: "t" } as const;
const files = { type: "file", path: "out/{part}.jsonl", mode: "append" } as const;

test.each<[string, Partial<JobConfig>, boolean]>([
  ["into a table", { sink: table }, false],
  ["into a topic", { sink: { type: "kafka", ...kafka } }, false],
  ["into files", { sink: files }, true],
  ["into a table and files", { sinks: { table, files } }, true],
  ["with rejects in a file", { sink: table, rejects: { type: "file", path: "bad.jsonl" } }, true],
  ["with rejects in a topic", { sink: table, rejects: { type: "kafka", ...kafka } }, false],
  ["of files", { source: { type: "file", path: "a.csv" }, sink: files }, false],
])("consumesAlone() of a job %s", (_which, config, alone) => {
  const job = defineJob({ name: "j", source: topic, ...config }, { baseDir: "/jobs" });
  expect(consumesAlone(job)).toBe(alone);
});
