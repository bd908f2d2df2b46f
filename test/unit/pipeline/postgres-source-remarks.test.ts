import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";

/** What is said of a job that reads a table or query into a file. */
function saidOf(source: object, order: "source" | "none" = "source") {
  const sink = { type: "file", path: "out.jsonl" } as const;
  const read = { type: "postgres", url: "postgres://localhost/shop", ...source };
  const config = { name: "orders", source: read, sink, order } as Parameters<typeof defineJob>[0];
  const [said] = promiseOf(defineJob(config, { baseDir: import.meta.dirname }));
  return {
    weakenedBy: (said?.weakenedBy ?? []).map(({ edge }) => edge),
    warnings: (said?.warnings ?? []).map(({ edge }) => edge).join("\n"),
  };
}

describe("promiseOf() of a Postgres source", () => {
  test("is weakened by a query whose rows nothing tells apart", () => {
    expect(saidOf({ query: "SELECT 1 AS id" }).weakenedBy).toEqual([
      expect.stringContaining("cannot go on in the middle"),
    ]);
    expect(saidOf({ query: "SELECT 1 AS id", key: ["id"] }).weakenedBy).toEqual([]);
    expect(saidOf({ table: "orders" }).weakenedBy).toEqual([]);
  });

  test("warns of what moves, and of ranges that are read in turn", () => {
    expect(saidOf({ table: "orders" }).warnings).toContain("as they are by then");
    expect(saidOf({ table: "orders", incremental: true, cursor: "id" }).warnings).toContain("rows that were deleted");
    expect(saidOf({ table: "orders", splits: 3 }).warnings).toContain("3 key ranges are read one after another");
    expect(saidOf({ table: "orders", splits: 3 }, "none").warnings).not.toContain("one after another");
  });
});
