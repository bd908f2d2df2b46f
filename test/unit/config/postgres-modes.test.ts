import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";

const define = (sink: object, job: object = {}) =>
  defineJob({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "postgres", url: "postgres://localhost/x", table: "orders", ...sink },
    ...job,
  });

const TOPIC = { source: { type: "kafka", brokers: "b:1", topics: "t", group: "g", until: "end" } };

describe("a Postgres sink", () => {
  test.each<[string, object, object, string]>([
    ["key", { key: ["id"] }, {}, "sink.key: belongs to mode upsert or insertIgnore, and the mode is append"],
    [
      "deleteWhen",
      { mode: "replace", deleteWhen: "gone" },
      {},
      "sink.deleteWhen: belongs to mode upsert, and the mode is replace",
    ],
    [
      "onlyNewer",
      { mode: "insert", onlyNewer: "at" },
      {},
      "sink.onlyNewer: belongs to mode upsert, and the mode is insert",
    ],
    [
      "copy",
      { mode: "insert", copy: "binary" },
      {},
      "sink.copy: belongs to mode append or upsert or insertIgnore or replace, and the mode is insert",
    ],
    ["a source without end", { mode: "replace" }, TOPIC, "sink.mode: replace: shows what a run has read when it ends"],
  ])("is refused for what its mode cannot do: %s", (_name, sink, job, message) => {
    expect(() => define(sink, job)).toThrow(message);
  });

  test.each<[object]>([
    [{ key: ["id"], createTable: true }],
    [{ mode: "upsert", key: ["id"], deleteWhen: { field: "op", equals: "d" }, onlyNewer: "at" }],
    [{ mode: "insertIgnore", key: ["id"], copy: "binary" }],
    [{ mode: "replace", before: "SELECT 1", after: "SELECT 2" }],
  ])("takes %j", (sink) => {
    expect(() => define(sink)).not.toThrow();
  });
});
