import { expect, test } from "vitest";
import { describeFormats, describeRejects, drawFlow } from "../../../src/cli/job-text.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob } from "../../../src/index.ts";

const BROKERS = "b:9092";

test("drawFlow() names topics, group and key of a Kafka job", () => {
  const source = { type: "kafka", brokers: BROKERS, topics: ["orders", "/^returns-/"], group: "etl" };
  const invoices = { type: "kafka", brokers: BROKERS, topic: "invoices", key: "customer_id" };
  const seen = { type: "kafka", brokers: BROKERS, topic: "seen", format: "text" };
  const job = (more: object) => defineJob({ name: "orders", source, ...more } as unknown as JobConfig);
  expect(drawFlow(job({ sink: invoices }))).toEqual([
    "kafka orders, /^returns-/ (group etl) -> kafka invoices (key customer_id)",
  ]);
  const both = job({ sinks: { invoices, seen } });
  expect(drawFlow(both)).toEqual([
    "kafka orders, /^returns-/ (group etl) -> invoices  kafka invoices (key customer_id)",
    "                                      -> seen      kafka seen",
  ]);
  expect(describeFormats(both)).toBe("jsonl -> jsonl + text");
  expect(describeRejects(both)).toBe("the state store; the run ends beyond 5 % in five minutes");
});
