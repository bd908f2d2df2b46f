import path from "node:path";
import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { faultOf } from "./support.ts";

const config: JobConfig = {
  name: "orders",
  source: { type: "file", path: "orders.csv" },
  sink: { type: "file", path: "orders.jsonl" },
};
/** What a program without types may hand over. */
const untyped = (changes: object): JobConfig => ({ ...config, ...changes });

describe("defineJob()", () => {
  test("gives the job that YAML gives, relative to the working directory", () => {
    const job = defineJob({ ...config, transform: "./orders.ts", workers: 2 });
    expect(job.baseDir).toBe(process.cwd());
    expect(job.file).toBeUndefined();
    expect(job.transform?.module).toBe(path.resolve("orders.ts"));
    expect(job.workers).toBe(2);
  });

  test("takes another folder for relative paths", () => {
    expect(defineJob({ ...config, transform: "t.ts" }, { baseDir: "jobs" }).transform?.module).toBe(
      path.resolve("jobs/t.ts"),
    );
  });

  test("refuses a function as transform and says why", () => {
    const { lines } = faultOf(() => defineJob(untyped({ transform: (record: unknown) => record })));
    expect(lines).toEqual([
      "defineJob: transform: a function cannot be sent to the threads that run it; write it into a module and give its path, ./orders.ts",
    ]);
  });

  test("tells mistakes without a place", () => {
    expect(faultOf(() => defineJob(untyped({ sinc: {}, name: "A" }))).lines).toEqual([
      'defineJob: name: expected lower-case letters, digits and dashes, such as orders-eu, got "A"',
      expect.stringMatching(/^defineJob: sinc: unknown key; allowed here: name, .*\(nearest: sink\)$/),
    ]);
  });

  test("shows of objects, lists and functions what they are", () => {
    const { lines } = faultOf(() =>
      defineJob(untyped({ name: () => "a", workers: [], order: { a: 1 }, onSinkDown: "x".repeat(99) })),
    );
    expect(lines).toEqual([
      "defineJob: name: expected text, got a function",
      `defineJob: onSinkDown: expected one of wait, fail, got "${"x".repeat(60)}..."`,
      "defineJob: order: expected one of source, none, got an object",
      "defineJob: workers: expected auto or a whole number, got an empty list",
    ]);
  });
});
