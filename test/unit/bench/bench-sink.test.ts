import { describe, expect, test } from "vitest";
import { benchSink } from "../../../src/bench/insert/bench-sink.ts";
import { defineJob } from "../../../src/index.ts";

const file = { type: "file", path: "in.csv" } as const;
const warehouse = { type: "postgres", url: "postgres://h/d", table: "orders" } as const;
const jobOf = (config: object) => defineJob({ name: "orders", source: file, ...config });

describe("benchSink()", () => {
  test("takes the sink of type postgres, or of several the one that is named", () => {
    expect(benchSink(jobOf({ sink: warehouse }), undefined)).toMatchObject({
      name: "sink",
      options: { table: "orders" },
    });
    const sinks = { archive: { type: "file", path: "out.csv" }, warehouse, mirror: { ...warehouse, table: "copies" } };
    expect(benchSink(jobOf({ sinks }), "mirror")).toMatchObject({ name: "mirror", options: { table: "copies" } });
    expect(() => benchSink(jobOf({ sinks }), undefined)).toThrow("say --sink with one of warehouse, mirror");
    expect(() => benchSink(jobOf({ sinks }), "archive")).toThrow(
      'no sink "archive" of type postgres; it has warehouse, mirror',
    );
  });

  test("refuses a source whose records others would miss", () => {
    const source = { type: "kafka", brokers: ["b:9092"], topics: ["t"], group: "g" };
    expect(() => benchSink(jobOf({ source, sink: warehouse }), undefined)).toThrow(
      "bench insert: orders reads a source without an end",
    );
  });
});
