/** The config in docs/http.md can be loaded. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";

const text = readFileSync(path.resolve(import.meta.dirname, "../../../docs/http.md"), "utf8");
const SAMPLES = Array.from(text.matchAll(/^```yaml\n(?<yaml>.*?)^```$/gms), ({ groups = {}, index }) => ({
  line: text.slice(0, index).split("\n").length,
  keys: parse((groups["yaml"] ?? "").replaceAll(/\$\{[^}]+\}/g, "secret")) as Record<string, unknown>,
}));
const PAGINATIONS = Array.from(text.matchAll(/^\| .* \| `(?<flow>\{ type: .*\})` \|$/gm), ({ groups = {} }) =>
  parse(groups["flow"] ?? ""),
);
const SOURCE = { type: "http", url: "https://api.example.com/items", records: "/items" };
const ENDS = { name: "sample", source: SOURCE, sink: { type: "file", path: "out.jsonl" } };

/** The page shows jobs, parts of jobs, and keys that source and sink share. */
function jobOf(keys: Record<string, unknown>): unknown {
  const isPart = "source" in keys || "sink" in keys;
  return isPart ? { ...ENDS, ...keys } : { ...ENDS, source: { ...SOURCE, ...keys } };
}

test("docs/http.md has samples", () => expect([SAMPLES.length, PAGINATIONS.length]).toEqual([11, 5]));

test.each(SAMPLES)("the sample in line $line of docs/http.md is a job", ({ keys }) => {
  expect(() => defineJob(jobOf(keys) as JobConfig)).not.toThrow();
});

test.each(PAGINATIONS)("docs/http.md: %o is a pagination", (pagination) => {
  expect(() => defineJob(jobOf({ pagination }) as JobConfig)).not.toThrow();
});
