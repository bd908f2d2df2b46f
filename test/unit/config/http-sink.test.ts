import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";
import { faultOf, minimal, readYaml } from "./support.ts";

const withSink = (keys: string): string => minimal.replace(/sink: .*/, `sink: { type: http, ${keys} }`);
const URL = 'url: "https://api.example.com/items"';

describe("an http sink", () => {
  test.each([
    ["a field in the host", 'url: "https://{tenant}.example.com/"'],
    ["a field in the user information", 'url: "https://{user}:x@api.example.com/"'],
    ["a field behind the address", 'url: "https://api.example.com/#{id}"'],
    ["half a placeholder", 'url: "https://api.example.com/{id"'],
    ["adaptive without concurrency", `${URL}, adaptive: true`],
    ["response without batch", `${URL}, response: { status: /status }`],
    ["response that names nothing", `${URL}, batch: {}, response: { items: /items }`],
    ["missing without index", `${URL}, batch: {}, response: { status: /status, missing: taken }`],
    ["a header that is none", `${URL}, headers: { "a b": "1" }`],
  ])("is refused for %s", (_, keys) => {
    const { lines } = faultOf(() => readYaml(withSink(keys)));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^orders\.yaml:\d+:\d+: sink/);
  });

  test.each([
    ["fields in path and query", 'url: "https://api.example.com/{a}/x-{b}?q={c}", method: { field: do }'],
    ["a number to be found", `${URL}, adaptive: true, concurrency: 8`],
    ["a list of what was refused", `${URL}, batch: {}, response: { index: /n, error: /why, missing: taken }`],
  ])("may have %s", (_, keys) => {
    expect(() => readYaml(withSink(keys))).not.toThrow();
  });
});

describe("rejects into an http server", () => {
  const withRejects = (keys: string): string => `${minimal}rejects: { type: http, ${keys} }`;

  test("need an address and nothing else", () => {
    expect(() => readYaml(withRejects(`${URL}, method: PUT, headers: { x-of: orders }, concurrency: 4`))).not.toThrow();
  });

  test.each([
    ["batch", `${URL}, batch: {}`],
    ["orderBy", `${URL}, orderBy: id`],
    ["breaker", `${URL}, breaker: {}`],
    ["url", 'url: "https://api.example.com/{id}"'],
    ["method", `${URL}, method: { field: do }`],
    ["headers.x-of", `${URL}, headers: { x-of: { field: id } }`],
  ])("have no %s, or no field in it", (key, keys) => {
    const { lines } = faultOf(() => readYaml(withRejects(keys)));
    expect(lines).toEqual([expect.stringContaining(`rejects.${key}: `)]);
  });
});

describe("promiseOf() an http sink", () => {
  const promiseWith = (keys: object) =>
    promiseOf(
      defineJob({
        name: "orders",
        source: { type: "file", path: "orders.csv" },
        sink: { type: "http", url: "https://api.example.com/items", ...keys },
      }),
    )[0];

  test("is at least once with a key, and a second run has keys of its own", () => {
    expect(promiseWith({})).toMatchObject({
      promise: expect.stringContaining("at least once, with the same Idempotency-Key"),
      weakenedBy: [],
      warnings: [{ edge: expect.stringContaining("a second run sends the same records again") }],
    });
    expect(promiseWith({})?.warnings).toHaveLength(1);
  });

  test("may have its rejects twice where they are sent to a server", () => {
    const job = defineJob({
      name: "orders",
      source: { type: "file", path: "orders.csv", incremental: true },
      sink: { type: "file", path: "out.jsonl", mode: "append" },
      rejects: { type: "http", url: "https://api.example.com/rejects" },
    });
    const edge = expect.stringContaining("a reject may be sent twice, with the same key");
    expect(promiseOf(job)[0]?.warnings).toContainEqual(expect.objectContaining({ edge }));
  });

  test("is less without a key, and in batches whose replies say nothing of their records", () => {
    expect(promiseWith({ idempotencyKey: false, batch: {} })).toMatchObject({
      promise: expect.stringMatching(/^at least once: a request/),
      weakenedBy: [
        { edge: expect.stringContaining("idempotencyKey: false") },
        { edge: expect.stringContaining("by halves") },
      ],
    });
    expect(promiseWith({ batch: {}, response: { status: "/status" } })?.weakenedBy).toEqual([]);
  });
});
