import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";

const promiseFor = (keys: object) => {
  const source = { type: "http", url: "https://api.test/items", ...keys } as JobConfig["source"];
  const sink = { type: "postgres", url: "postgres://localhost/x", table: "items" } as const;
  return promiseOf(defineJob({ name: "items", source, sink }))[0];
};

const ONCE = "every source record takes effect once, also after kill -9 (position in the data's transaction)";
const SHIFTS = "a record that comes or goes while pages are read by number moves others over their borders";
const AGAIN =
  "a page in which records came or went before the place at which a run goes on is read again from its start";

test.each([
  ["pages by number", { pagination: { type: "page" } }, SHIFTS],
  ["pages by offset", { pagination: { type: "offset" } }, SHIFTS],
  ["pages by cursor", { records: "/data", pagination: { type: "cursor", next: "/next" } }, AGAIN],
  ["pages by link", { pagination: { type: "link" } }, AGAIN],
  ["one reply that is read whole", { records: "/data" }, AGAIN],
  ["one reply that is streamed", { format: "jsonl" }, null],
])("promiseOf() promises %s into Postgres once, and says what pages may do", (_what, keys, edge) => {
  const promise = promiseFor(keys);
  expect(promise?.promise).toBe(ONCE);
  expect(promise?.weakenedBy.map((remark) => remark.edge)).toEqual(
    edge === null ? [] : [expect.stringContaining(edge)],
  );
  expect(promise?.warnings).toMatchObject([
    { edge: "a second run appends the same records again (incremental: false)" },
  ]);
});

test("promiseOf() promises it over all runs of an incremental job", () => {
  const paged = promiseFor({ records: "/data", incremental: true });
  expect(paged).toMatchObject({ promise: `${ONCE}; over all runs of the job together`, warnings: [] });
  const streamed = promiseFor({ format: "jsonl", incremental: true });
  expect(streamed?.warnings).toMatchObject([
    { edge: expect.stringContaining("a last record without a line end waits") },
  ]);
});
