import { describe, expect, it } from "vitest";
import { type BottleneckQuestion, connectorOf, findBottleneck } from "../../../src/observability/bottleneck.ts";
import { stages } from "./run-script.ts";

function ask(busy: Parameters<typeof stages>[0], change: Partial<BottleneckQuestion> = {}) {
  return findBottleneck({
    stages: stages(busy),
    durationMs: 1_000,
    threads: 1,
    cores: 2,
    source: "file",
    sink: "postgres",
    transform: true,
    ...change,
  });
}

describe("findBottleneck()", () => {
  it("names the stage that works most of the time", () => {
    expect(ask({ sink: 910, workers: 700, source: 100 })).toEqual({
      stage: "sink",
      kind: "database",
      busy: 0.91,
      advice: "Postgres spends its time in COPY; more threads would not help",
    });
  });

  it("names none when no stage works half of the time, or nothing was measured", () => {
    expect(ask({ sink: 499, workers: 400 })).toBeNull();
    expect(ask({})).toBeNull();
    expect(ask({ sink: 10 }, { durationMs: 0 })).toBeNull();
  });

  it("names a transform that waits while source and sink wait for it", () => {
    const waiting = stages({ workers: 100 });
    const times = {
      ...waiting,
      source: { busyMs: 0, waitInputMs: 0, waitOutputMs: 900 },
      sink: { busyMs: 10, waitInputMs: 900, waitOutputMs: 0 },
    };
    expect(ask({}, { stages: times })).toEqual({
      stage: "workers",
      kind: "transform",
      busy: 0.1,
      advice: "the transform waits for what it asks; a larger `transform.concurrency` has more under way",
    });
    expect(ask({}, { stages: times, transform: false })).toBeNull();
    expect(ask({}, { stages: { ...times, source: waiting.source } })).toBeNull();
  });

  it("never says that a stage was busy for longer than the run", () => {
    expect(ask({ sink: 1_900 })?.busy).toBe(1);
  });

  it.each([
    ["sink", { sink: "postgres", threads: 2 }, "database", /`workers: 1` is enough here$/],
    ["sink", { sink: "file" }, "io", /^the disk under the sink/],
    ["sink", { sink: "http" }, "io", /^the http sink waits for its server; a larger `concurrency`/],
    ["sink", { sink: "http", sinkPausedMs: 300 }, "io", /^the http sink was paused for 0.3 s .*\(breaker\)$/],
    ["sink", { sink: "kafka" }, "io", /^the kafka sink is the limit/],
    ["workers", { threads: 1, cores: 8 }, "cpu", /`workers: 7` would use the idle cores$/],
    ["workers", { threads: 7, cores: 8 }, "cpu", /a cheaper transform or more cores help$/],
    ["workers", { threads: 7, cores: 8, transform: false }, "cpu", /use all cores; more cores help$/],
    ["source", { source: "file" }, "io", /^the disk under the source/],
    ["source", { source: "kafka" }, "source", /^the kafka source/],
    ["chunker", {}, "cpu", /larger chunks/],
    ["aggregator", {}, "cpu", /larger chunks/],
  ] as const)("advises what helps a busy %s (%o)", (stage, change, kind, advice) => {
    const found = ask({ [stage]: 10_000 }, change);
    expect(found).toMatchObject({ stage, kind });
    expect(found?.advice).toMatch(advice);
  });
});

describe("connectorOf()", () => {
  it("reads the type from a label, a path being a file", () => {
    const labels = [
      "postgres orders",
      "http api.example.com/items",
      "kafka orders",
      "data/orders.csv",
      "postgresql.csv",
      "",
    ];
    expect(labels.map(connectorOf)).toEqual(["postgres", "http", "kafka", "file", "file", "file"]);
  });
});
