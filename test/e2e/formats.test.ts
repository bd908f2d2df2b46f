/** Formats, encodings and dialects through whole runs: threads, positions and messages included. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defineJob } from "../../src/config/define-job.ts";
import type { JobConfig } from "../../src/config/job-shape.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import { runJob } from "../../src/pipeline/run-job.ts";
import { Project } from "../support/project.ts";

/** Runs a job of `in` in a project, with chunks as small as they may be. */
async function run(project: Project, job: Partial<JobConfig>): Promise<RunSummary> {
  const config = {
    name: "formats",
    sink: { type: "file", path: "out.jsonl" },
    rejects: { type: "file", path: "rejects.jsonl" },
    errors: { maxRejectRate: 1 },
    chunk: { size: 1024 },
    ...job,
  };
  return runJob(defineJob(config as JobConfig, { baseDir: project.folder }), { state: "memory:" });
}

describe("a JSON array", () => {
  const rows = Array.from({ length: 500 }, (_, n) => ({ n, text: `[{"${n}` }));

  test("goes through with its faults as rejects that have places", async () => {
    using project = new Project();
    const lines = rows.map((row) => JSON.stringify(row));
    lines[100] = '{"n":100,"text":"no quote}';
    lines[200] = "{n:200}";
    project.write("in.json", `[\n${lines.join(",\n")}\n]\n`);
    const summary = await run(project, { source: { type: "file", path: "in.json" } });
    expect(summary).toMatchObject({ state: "succeeded", read: 500, written: 498, rejected: 2, balanced: true });
    expect(project.readLines<{ n: number }>("out.jsonl")).toEqual(rows.filter(({ n }) => n !== 100 && n !== 200));
    expect(project.readLines("rejects.jsonl")).toMatchObject([
      { line: 102, position: { ordinal: 100 }, code: "JSON_INVALID", raw: lines[100] },
      { line: 202, position: { ordinal: 200 }, code: "JSON_INVALID", raw: "{n:200}" },
    ]);
  });

  test.each([
    ["is cut", '"', "the file ends before the array is closed"],
    ["is followed by something", "]\n[1]", "something follows the closing bracket"],
    ["has an element that is too long", `,"${"x".repeat(5_000)}"]`, "within maxRecordBytes (4096 bytes)"],
  ])("that %s ends the run with file and line", async (_, end, message) => {
    using project = new Project();
    const text = JSON.stringify(rows, null, 1);
    project.write("in.json", text.slice(0, -1) + end);
    const summary = await run(project, { source: { type: "file", path: "in.json", maxRecordBytes: 4096 } });
    expect(summary.state).toBe("failed");
    expect(summary.error).toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringMatching(/^in\.json:20\d\d: /),
    });
    expect(summary.error?.message).toContain(message);
  });
});

describe("encodings and dialects", () => {
  const text = 'id,note\r\n1,"grün, ""naïve"""\r\n2,€ 5\r\n3,\r\n';
  const back = [
    { id: "1", note: 'grün, "naïve"' },
    { id: "2", note: "€ 5" },
    { id: "3", note: "" },
  ];

  test.each(["utf-16le", "utf-16be", "windows-1252"] as const)("%s is written and read back", async (encoding) => {
    using project = new Project();
    project.write("in.csv", text);
    const there = await run(project, {
      source: { type: "file", path: "in.csv" },
      sink: { type: "file", path: "there.csv", csv: { encoding } },
    });
    expect(there).toMatchObject({ read: 3, written: 3 });
    const bytes = readFileSync(project.path("there.csv"));
    expect(new TextDecoder(encoding).decode(bytes)).toBe(text.replaceAll("\r\n", "\n"));
    const read = await run(project, { source: { type: "file", path: "there.csv", csv: { encoding } } });
    expect(read).toMatchObject({ read: 3, written: 3, bytesRead: expect.any(Number) });
    expect(project.readLines("out.jsonl")).toEqual(back);
  });

  test("half a surrogate pair is one reject", async () => {
    using project = new Project();
    project.write("in.csv", Buffer.from("\uFEFFid,note\n1,a\n2,b\ud83d\n3,👞\n", "utf16le"));
    const summary = await run(project, { source: { type: "file", path: "in.csv", csv: { encoding: "utf-16le" } } });
    expect(summary).toMatchObject({ read: 3, written: 2, rejected: 1 });
    expect(project.readLines("rejects.jsonl")).toMatchObject([{ line: 3, code: "ENCODING_INVALID" }]);
    expect(project.readLines("out.jsonl")).toEqual([
      { id: "1", note: "a" },
      { id: "3", note: "👞" },
    ]);
  });

  test("delimiters of several characters, null marks, select and rename", async () => {
    using project = new Project();
    project.write("in.csv", "a||b||c\n1||NA||x|y\n2||'z||'||\n");
    const csv = { delimiter: "||", quote: "'", nulls: ["NA"] };
    const summary = await run(project, {
      source: { type: "file", path: "in.csv", csv },
      select: ["c", "b"],
      rename: { b: "second" },
      sink: { type: "file", path: "out.csv", csv: { delimiter: "::", nulls: ["\\N"] } },
    });
    expect(summary).toMatchObject({ read: 2, written: 2 });
    expect(project.read("out.csv")).toBe("c::second\nx|y::\\N\n::z||\n");
  });

  test("lines of text are records", async () => {
    using project = new Project();
    project.write("in.log", "one\r\n\r\nlast");
    await run(project, { source: { type: "file", path: "in.log" } });
    expect(project.read("out.jsonl")).toBe('{"text":"one"}\n{"text":""}\n{"text":"last"}\n');
  });

  test("a name in select that the header lacks is told with the nearest", async () => {
    using project = new Project();
    project.write("in.csv", text);
    await expect(run(project, { source: { type: "file", path: "in.csv" }, select: ["note", "ib"] })).rejects.toThrow(
      "select: the header of in.csv has no column ib\n  did you mean id?",
    );
  });
});
