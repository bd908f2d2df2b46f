import { describe as group, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { describe } from "../../../src/pipeline/describe.ts";

const file = <P extends string | string[]>(path: P, more: object = {}) => ({ type: "file", path, ...more }) as const;

function problem(config: Partial<JobConfig>): string | undefined {
  const job = defineJob({ name: "j", source: file("in/a.csv"), ...config }, { baseDir: "/jobs" });
  try {
    describe(job);
    return undefined;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "CONFIG_INVALID" });
    return (thrown as Error).message;
  }
}

group("a job whose files get in each other's way is refused", () => {
  const byDay = { partitionBy: ["day"] };
  test.each<[string, Partial<JobConfig>, string]>([
    [
      "two sinks on one path",
      { sinks: { one: file("out/a.csv"), two: file("out/../out/a.csv") } },
      "sinks.two.path: out/../out/a.csv: sinks.one.path (out/a.csv) writes there too; give each a path of its own",
    ],
    [
      "a sink on a part of another one",
      { sinks: { one: file("out/{part}.csv"), two: file("out/00007.csv") } },
      "sinks.two.path: out/00007.csv: sinks.one.path (out/{part}.csv) writes there too; give each a path of its own",
    ],
    [
      "a sink among the partitions of another one",
      { sinks: { one: file("out/a/b.csv"), two: file("out/{partition}/b.csv", byDay) } },
      "sinks.two.path: out/{partition}/b.csv: sinks.one.path (out/a/b.csv) writes there too; give each a path of its own",
    ],
    [
      "rejects on the sink's file",
      { sink: file("out.jsonl"), rejects: file("./out.jsonl") },
      "rejects.path: ./out.jsonl: sink.path (out.jsonl) writes there too; give each a path of its own",
    ],
    [
      "the source's own file",
      { sink: file("/jobs/in/a.csv") },
      "sink.path: /jobs/in/a.csv: source.path (in/a.csv) reads that file; write to another one",
    ],
    [
      "a file that the source's glob takes in",
      { source: file(["b.csv", "in/**/*.csv"]), sink: file("in/out/{part}.csv") },
      "sink.path: in/out/{part}.csv: source.path (in/**/*.csv) takes in what is written there, so the next run would read what this one wrote; write to another folder",
    ],
    [
      "the folder that the source reads",
      { source: file("in", { format: "csv" }), sink: file("in/out.csv") },
      "sink.path: in/out.csv: source.path (in) takes in what is written there, so the next run would read what this one wrote; write to another folder",
    ],
  ])("%s", (_what, config, message) => {
    expect(problem(config)).toBe(message);
  });
});

test("files that only lie beside each other are no problem", () => {
  expect(
    problem({ source: file("in/*.csv"), sink: file("in/a.jsonl"), rejects: file("in/rejects.jsonl") }),
  ).toBeUndefined();
  expect(problem({ sinks: { one: file("out/{part}.csv"), two: file("out/{part}.jsonl") } })).toBeUndefined();
});
