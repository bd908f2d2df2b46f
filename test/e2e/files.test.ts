/** Files into files: what arrives, in which order, and what an interrupted run leaves. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Disk } from "../support/disk.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const into = (path: string): object => ({ type: "file", path });

/** Rows of a file by their number: `n` of file `f`. */
const numbered = (file: number, rows: number): string =>
  `file,n\n${Array.from({ length: rows }, (_, n) => `${file},${n}\n`).join("")}`;

describe("CSV to JSON lines and back", () => {
  const text = [
    "id,name,amount,day,note\n",
    "1,plain,1.50,2026-01-31,\n",
    '2,"a ""quoted"", word",-0.25,2026-02-28,""\n',
    '3,"two\nlines",,,"  blanks  "\n',
    "4,Müller 東京 🚲,100000000000000000000.01,2024-02-29,-\n",
  ].join("");

  test("gives the same bytes, numbers and nulls included", async () => {
    using project = new Project();
    project.write("in.csv", text);
    // A text that may be null tells nothing from an empty one in quotes.
    const columns = { id: "int", amount: "decimal", day: "date", note: { type: "string", nullable: true } };
    const there = { name: "there", source: into("in.csv"), columns, sink: into("rows.jsonl") };
    const back = {
      ...{ name: "back", source: into("rows.jsonl"), columns },
      sink: { ...into("out.csv"), columns: ["id", "name", "amount", "day", "note"] },
    };
    for (const job of [there, back]) expect((await project.summaryOf([project.job(job)])).summary.written).toBe(4);
    expect(project.readLines("rows.jsonl")[2]).toEqual({
      id: 3,
      name: "two\nlines",
      amount: null,
      day: null,
      note: "  blanks  ",
    });
    expect(project.read("out.csv")).toBe(text);
  });
});

describe("several files", () => {
  const write = (project: Project): void => {
    for (const [name, file] of [
      ["b", 2],
      ["a", 1],
      ["c", 3],
    ] as const)
      project.write(`in/${name}.csv`, numbered(file, 500));
  };

  test("are read in name order, however small the chunks", async () => {
    using project = new Project();
    write(project);
    const job = { source: into("in/*.csv"), chunk: { records: 7 }, sink: into("out.csv") };
    const { summary } = await project.summaryOf([project.job(job)]);
    expect(summary).toMatchObject({ read: 1_500, written: 1_500, balanced: true });
    expect(summary.chunkBytes.max).toBeLessThanOrEqual(7 * "1,499\n".length);
    const body = (file: number): string => numbered(file, 500).replace("file,n\n", "");
    expect(project.read("out.csv")).toBe(`file,n\n${body(1)}${body(2)}${body(3)}`);
  });

  test("with order: none arrive whole and each in its own order", async () => {
    using project = new Project();
    write(project);
    const job = { source: into("in/*.csv"), order: "none", chunk: { size: "1KiB" }, sink: into("out.jsonl") };
    const { summary } = await project.summaryOf([project.job(job)]);
    expect(summary).toMatchObject({ read: 1_500, written: 1_500, balanced: true });
    const rows = project.readLines<{ file: string; n: string }>("out.jsonl");
    for (const file of ["1", "2", "3"]) {
      const own = rows.filter((row) => row.file === file).map(({ n }) => Number(n));
      expect(own).toEqual(Array.from({ length: 500 }, (_, n) => n));
    }
  });

  test("two thousand of them are one run", async () => {
    using project = new Project();
    for (let file = 0; file < 2_000; file++)
      project.write(`in/${String(file).padStart(4, "0")}.csv`, numbered(file, 2));
    const job = { source: into("in/*.csv"), columns: { file: "int", n: "int" }, sink: into("out.jsonl") };
    const { summary } = await project.summaryOf([project.job(job)]);
    expect(summary).toMatchObject({ read: 4_000, written: 4_000, balanced: true });
    const rows = project.readLines<{ file: number; n: number }>("out.jsonl");
    expect(rows).toEqual(Array.from({ length: 4_000 }, (_, row) => ({ file: Math.floor(row / 2), n: row % 2 })));
  });
});

describe("a run into files that was ended in the middle", () => {
  const PAUSE = `const cell = new Int32Array(new SharedArrayBuffer(4));
const pause = Number(process.env["PAUSE_MS"] ?? 0);
export default (row) => {
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  return row;
};
`;
  const job = {
    source: into("in.csv"),
    columns: { n: "int" },
    transform: "./pause.ts",
    chunk: { size: "1KiB" },
    commit: { interval: "10ms" },
    sink: { ...into("out/part-{part}.jsonl"), rotate: { records: 400 } },
    rejects: into("rejects.jsonl"),
  };
  const ROWS = 4_000;
  const BAD = 333;

  test.each(["SIGTERM", "SIGKILL"] as const)("by %s goes on where it was and leaves nothing over", async (signal) => {
    using project = new Project();
    project.write("in.csv", numbered(1, ROWS).replace(`1,${BAD}\n`, "1,x\n"));
    project.write("pause.ts", PAUSE);
    const file = project.job(job);
    const running = project.start(["run", file, "--quiet"], { PAUSE_MS: "1" });
    const list = (folder: string): string[] => (project.exists(folder) ? readdirSync(project.path(folder)) : []);
    await until("two parts are begun", () => list("out").length > 1 || undefined);
    running.kill(signal);
    const ended = await running.ended;
    expect(ended.code).toBe(signal === "SIGTERM" ? 143 : null);
    expect(list("out").filter((name) => name.startsWith("part-"))).toEqual([]);

    const { code, summary } = await project.summaryOf([file]);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ read: ROWS, written: ROWS - 1, rejected: 1, balanced: true, resumed: true });
    const parts = list("out").toSorted();
    expect(
      parts.every((name) => /^part-\d+\.jsonl$/.test(name)),
      parts.join(" "),
    ).toBe(true);
    const rows = parts.flatMap((name) => project.readLines<{ n: number }>(`out/${name}`));
    const wanted = Array.from({ length: ROWS }, (_, n) => n).filter((n) => n !== BAD);
    expect(rows.map(({ n }) => n)).toEqual(wanted);
    expect(project.readLines("rejects.jsonl")).toMatchObject([
      {
        ...{ job: "load", run: summary.run, split: "in.csv", line: BAD + 2, stage: "decode", code: "VALUE_INVALID" },
        ...{ raw: "1,x", rawEncoding: "utf8", attempts: 1, position: { ordinal: BAD } },
      },
    ]);
    expect(list(".").filter((name) => name.includes("rejects"))).toEqual(["rejects.jsonl"]);
  });
});

test("a disk that fills up ends the run with a message; with more room the run goes on", async ({ skip }) => {
  using project = new Project();
  using disk = Disk.mount(project, "disk", "256k");
  if (disk === undefined) return skip("no disk can be mounted here");
  const text = numbered(1, 60_000);
  project.write("in.csv", text);
  const job = project.job({
    source: into("in.csv"),
    sink: into("disk/out.csv"),
    chunk: { size: "16KiB" },
    commit: { bytes: "32KiB" },
    retry: { for: "200ms", initialDelay: "50ms" },
  });
  const full = await project.run(["run", job, "--quiet"]);
  expect(full.code, full.err).toBe(1);
  expect(full.err).toMatch(/disk\/.*(no space left|disk is full)/i);
  expect(project.exists("disk/out.csv")).toBe(false);

  disk.remount("size=16m");
  const { summary, code, err } = await project.summaryOf([job]);
  expect(code, err).toBe(0);
  expect(summary).toMatchObject({ resumed: true, read: 60_000, written: 60_000, balanced: true });
  expect(project.read("disk/out.csv")).toBe(text);
});
