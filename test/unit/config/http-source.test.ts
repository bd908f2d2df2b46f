import { describe, expect, test } from "vitest";
import { faultOf, readYaml } from "./support.ts";

const jobOf = (keys: string): string => `name: pull
source: { type: http, url: "https://api.test/items", ${keys} }
sink: { type: file, path: items.jsonl }
`;

describe("a job with an HTTP source", () => {
  test.each([
    [
      "format: csv, pagination: { type: page }",
      "source.pagination: a CSV reply is one stream, and its header stands at its beginning alone",
    ],
    ["format: csv, records: /data", "source.records: a CSV reply is one stream"],
    ["format: jsonl, records: /data", "source.records: in JSON lines every line is a record; leave it out"],
    [
      "format: jsonl, pagination: { type: cursor, next: /next }",
      "source.pagination.type: JSON lines have no place for a cursor",
    ],
    [
      "records: /data, pagination: { type: cursor }",
      "source.pagination.next: missing; give the JSON pointer to the next page's cursor",
    ],
    [
      "pagination: { type: page, next: /next }",
      "source.pagination.next: only type: cursor looks for the next page in the reply",
    ],
    ["pagination: { type: link, param: page }", "source.pagination.param: type: link has no parameter; leave it out"],
    ["pagination: { type: page, param: /page }", "source.pagination.param: a JSON pointer leads into source.body"],
    [
      "method: POST, body: all, pagination: { type: page, size: 5, sizeParam: /size }",
      "source.pagination.sizeParam: a JSON pointer leads into source.body",
    ],
    ["pagination: { type: page, sizeParam: n }", "source.pagination.size: missing; sizeParam asks for so many records"],
    [
      "concurrency: 2, pagination: { type: link }",
      "source.concurrency: only a page tells which one comes next (pagination.type: link)",
    ],
    ["concurrency: 2, records: /data", "source.concurrency: there is one request without pagination"],
    [
      "concurrency: 2, pagination: { type: offset }",
      "source.pagination.size: missing; with concurrency the offsets of pages",
    ],
    ["incremental: true", 'source.incremental: a streamed JSON array is read as a whole; set records: ""'],
  ])("is refused with %s", (keys, message) => {
    const { code, lines } = faultOf(() => readYaml(jobOf(keys)));
    expect(code).toBe("CONFIG_INVALID");
    expect(lines).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    "format: csv",
    "format: jsonl, incremental: true",
    'records: "", incremental: true',
    "concurrency: 4, pagination: { type: page }",
    "method: POST, body: { q: 1 }, records: /data, pagination: { type: cursor, next: /next, param: /page/cursor }",
  ])("is taken with %s", (keys) => {
    expect(readYaml(jobOf(keys)).source.type).toBe("http");
  });
});
