import { describe as group, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { Job } from "../../../src/config/job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { describe } from "../../../src/pipeline/describe.ts";

const jobOf = (change: Partial<JobConfig> = {}): Job =>
  defineJob(
    {
      name: "orders",
      source: { type: "file", path: "orders.csv" },
      sink: { type: "file", path: "out.jsonl" },
      ...change,
    },
    { baseDir: "/jobs" },
  );

group("describe()", () => {
  test("says what a job means without looking at anything", () => {
    const job = jobOf({
      source: { type: "file", path: "orders.csv", csv: { delimiter: ";" }, maxRecordBytes: "1KiB" },
      columns: { id: "int" },
      transform: "./orders.ts",
      rejects: { type: "file", path: "rejects.jsonl" },
    });
    const plan = describe(job);
    expect(plan).toMatchObject({
      job,
      decode: { format: "csv", options: { delimiter: ";" }, columns: { id: { type: "int" } }, maxRecordBytes: 1024 },
      transform: { module: "/jobs/orders.ts", export: null, mode: null, concurrency: 16, timeoutMs: 30_000 },
      sinks: [{ name: "sink", type: "file" }],
      rejects: { type: "file", path: "rejects.jsonl" },
    });
  });

  test.each([
    ["orders.csv", "csv"],
    ["orders.jsonl", "jsonl"],
    ["orders.ndjson", "jsonl"],
  ])("tells the format of %s by its name: %s", (path, format) => {
    expect(describe(jobOf({ source: { type: "file", path } })).decode.format).toBe(format);
  });

  test("takes the format that the job gives, and of a list the first name", () => {
    const given = describe(jobOf({ source: { type: "file", path: "orders.txt", format: "jsonl" } }));
    expect(given.decode).toMatchObject({ format: "jsonl", options: {} });
    const list = describe(jobOf({ source: { type: "file", path: ["a.jsonl", "b.jsonl"] } }));
    expect(list.decode.format).toBe("jsonl");
  });

  test("has no transform and no place for rejects unless the job names them", () => {
    expect(describe(jobOf())).toMatchObject({ transform: null, rejects: null });
  });

  test("takes the format of messages as it is given, and says which of them cannot be read one by one", () => {
    const source = (more: object) =>
      jobOf({ source: { type: "kafka", brokers: "b:9092", topics: "t", group: "g", ...more } });
    expect(describe(source({})).decode).toMatchObject({ format: "jsonl", maxRecordBytes: 1024 * 1024 });
    const named = describe(source({ format: "csv", csv: { header: ["id"] } }));
    expect(named.decode).toMatchObject({ format: "csv", options: { header: ["id"] } });
    expect(() => describe(source({ format: "csv" }))).toThrow(
      "orders: source.csv.header: a message has no header line; name the fields: header: [id, amount]",
    );
    expect(() => describe(source({ format: "text", text: { encoding: "utf-16le" } }))).toThrow(
      "orders: source.text.encoding: messages in utf-16le are not read; use utf-8, latin1 or windows-1252",
    );
  });

  /** The config refuses these first; a program may make a job in another way. */
  const forged = (change: object): Job => ({ ...jobOf(), ...change });

  test.each([
    [
      { rejects: { type: "postgres" } },
      "NOT_BUILT",
      "orders: rejects.type: postgres: not built in this release; use type: file, kafka or http, or leave it out for the default place",
    ],
    [
      { source: { type: "file", path: "orders.dat" } },
      "CONFIG_INVALID",
      "orders: source.format: the name orders.dat does not tell the format; set it to csv, jsonl, json or text",
    ],
    [
      { source: { type: "file", path: [] } },
      "CONFIG_INVALID",
      "orders: source.format: the name  does not tell the format; set it to csv, jsonl, json or text",
    ],
  ])("refuses what it cannot mean: %#", (change, code, message) => {
    expect(() => describe(forged(change))).toThrow(expect.objectContaining({ code, message }));
  });
});
