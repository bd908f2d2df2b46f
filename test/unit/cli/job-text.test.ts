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

test("describeFormats() says how rows go into Postgres", () => {
  const describe = (more: object) => {
    const sink = { type: "postgres", url: "postgres://localhost/shop", table: "orders", ...more };
    return describeFormats(defineJob({ name: "orders", source: { type: "file", path: "o.csv" }, sink } as JobConfig));
  };
  expect([{}, { copy: "text" }, { mode: "upsert", copy: "binary" }, { mode: "insert" }].map(describe)).toEqual([
    "csv -> copy",
    "csv -> copy text",
    "csv -> copy binary",
    "csv -> insert",
  ]);
});

test("drawFlow() names the address of an HTTP source without what may be secret, and how its pages follow each other", () => {
  const url = "https://me:pass@api.test/items?key=s3cret#x";
  const source = { type: "http", url, records: "/data", pagination: { type: "cursor", next: "/next" } };
  const sink = { type: "file", path: "items.jsonl" };
  const job = (more: object) => defineJob({ name: "items", source: { ...source, ...more }, sink } as JobConfig);
  expect(drawFlow(job({}))).toEqual(["http https://api.test/items (pages by cursor) -> file items.jsonl (replace)"]);
  const one = job({ format: "csv", records: undefined, pagination: { type: "none" } });
  expect(drawFlow(one)).toEqual(["http https://api.test/items (one reply) -> file items.jsonl (replace)"]);
  expect(describeFormats(one)).toBe("csv -> jsonl");
});

test("drawFlow() names addresses of an HTTP job without what may be secret in them", () => {
  const hook = { type: "webhook", path: "/hooks/orders", listen: "127.0.0.1:8080" };
  const api = { type: "http", url: "https://etl:s3cret@api.test/v2/orders?key=s3cret", pagination: { type: "link" } };
  const put = { type: "http", url: "https://etl:s3cret@api.test/v2/orders/{id}?key=s3cret", method: { field: "verb" } };
  const job = (source: object) => defineJob({ name: "orders", source, sink: put } as unknown as JobConfig);
  expect([...drawFlow(job(hook)), ...drawFlow(job(api))]).toEqual([
    "webhook 127.0.0.1:8080/hooks/orders -> http {verb} https://api.test/v2/orders/{id}",
    "http https://api.test/v2/orders (pages by link) -> http {verb} https://api.test/v2/orders/{id}",
  ]);
  expect(describeFormats(job(hook))).toBe("jsonl -> json");
});
