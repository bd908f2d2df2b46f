import { describe as group, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { describe } from "../../../src/pipeline/describe.ts";

const brokers = "a:9092,b:9092";
const read = (topics: string | string[], more: object = {}) =>
  ({ type: "kafka", brokers: "b:9092", topics, group: "g", ...more }) as const;
const rejects = { type: "kafka", brokers, topic: "orders-dead" } as const;

function planned(config: Partial<JobConfig>): () => unknown {
  const sink = { type: "file", path: "out.jsonl" } as const;
  const job = defineJob({ name: "j", source: read("orders"), sink, rejects, ...config });
  return () => describe(job);
}

group("a topic of rejects", () => {
  const back = "so that what is rejected comes back for ever; name another topic, or set until: end in the source";

  test.each<[string, Partial<JobConfig>, string]>([
    [
      "that the source reads",
      { source: read(["orders", "orders-dead"]) },
      `rejects.topic: source.topics (orders-dead) reads orders-dead too, ${back}`,
    ],
    [
      "that the source's pattern takes in",
      { source: read("/^orders/") },
      `rejects.topic: source.topics (/^orders/) reads orders-dead too, ${back}`,
    ],
    [
      "that a sink writes",
      { sink: { type: "kafka", brokers, topic: "orders-dead" } },
      "rejects.topic: a sink writes to orders-dead too; name another topic",
    ],
  ])("%s is refused", (_what, config, message) => {
    expect(planned(config)).toThrow(message);
  });

  test("may be read to its end, and may have the name of another cluster's topic", () => {
    expect(planned({ source: read("orders-dead", { until: "end" }) })).not.toThrow();
    expect(planned({ source: { ...read("orders-dead"), brokers: "c:9092" } })).not.toThrow();
  });
});
