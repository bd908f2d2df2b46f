/** What is wrong with a state file, as people meet it: the message, and that nothing is lost. */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { Disk } from "../support/disk.ts";
import { Project } from "../support/project.ts";

const ROWS = 3_000;
const STATE = ".millrace/state.db";

/** Every second record is a reject, and each reject takes room in the state. */
function rejectingJob(project: Project): string {
  const lines = Array.from({ length: ROWS }, (_, id) => `${id % 2 === 0 ? "" : "x"}${id},${"n".repeat(300)}`);
  project.write("in.csv", `id,name\n${lines.join("\n")}\n`);
  return project.job({
    source: { type: "file", path: "in.csv" },
    columns: { id: "int" },
    sink: { type: "file", path: "out.csv" },
    errors: { maxRejectRate: 1 },
    chunk: { size: "16KiB" },
    commit: { interval: "10ms", bytes: "32KiB" },
  });
}

describe("a state file", () => {
  test("on a disk that fills up ends the run with a message; with more room it goes on", async ({ skip }) => {
    using project = new Project();
    using disk = Disk.mount(project, "disk", "600k");
    if (disk === undefined) return skip("no disk can be mounted here");
    const job = rejectingJob(project);
    const state = ["--state", "disk/state.db"];
    const full = await project.run(["run", job, "--quiet", ...state]);
    expect(full.err).toContain(
      "state store sqlite disk/state.db: database or disk is full: the disk is full; make room on it or move the state with --state (STATE_UNAVAILABLE)",
    );
    expect(full.code).toBe(1);
    expect(project.exists("out.csv")).toBe(false);

    disk.remount("size=64m");
    const { summary, code, err } = await project.summaryOf([job, ...state]);
    expect(code, err).toBe(0);
    expect(summary).toMatchObject({ resumed: true, read: ROWS, written: ROWS / 2, rejected: ROWS / 2, balanced: true });
    const written = project.read("out.csv").trimEnd().split("\n").slice(1);
    expect(written.map((line) => Number(line.split(",", 1)[0]))).toEqual(
      Array.from({ length: ROWS / 2 }, (_, i) => i * 2),
    );
    using database = new DatabaseSync(project.path("disk/state.db"));
    expect(database.prepare("SELECT count(*) AS rejects FROM rejects").get()).toEqual({ rejects: ROWS / 2 });
  });

  test("on a disk that cannot be written is told with the way out", async ({ skip }) => {
    using project = new Project();
    using disk = Disk.mount(project, "disk", "1m");
    if (disk === undefined) return skip("no disk can be mounted here");
    disk.remount("ro");
    const ended = await project.run(["run", rejectingJob(project), "--quiet", "--state", "disk/state.db"]);
    expect(ended.err).toContain(
      "state store sqlite disk/state.db: unable to open database file: this user must be able",
    );
    expect(ended.err).toContain("or move the state with --state (STATE_UNAVAILABLE)");
    expect(ended.code).toBe(1);
  });

  test("that is damaged is left as it is", async () => {
    using project = new Project();
    const job = rejectingJob(project);
    project.write(STATE, "not a page of SQLite\n".repeat(500));
    const before = readFileSync(project.path(STATE));
    const ended = await project.run(["run", job, "--quiet"]);
    expect(ended.err).toContain("state store sqlite .millrace/state.db: the file is damaged or no SQLite database");
    expect(ended.err).toContain("move it away to begin with an empty store");
    expect(ended.code).toBe(1);
    expect(readFileSync(project.path(STATE)).equals(before)).toBe(true);
  });

  test("of a newer version is left as it is", async () => {
    using project = new Project();
    const job = rejectingJob(project);
    expect((await project.run(["run", job, "--quiet"])).code).toBe(0);
    setVersion(project, 99);
    const ended = await project.run(["run", job, "--quiet"]);
    expect(ended.err).toMatch(/state store sqlite \.millrace\/state\.db has version 99, this millrace knows up to \d+/);
    expect(ended.err).toContain("use the newer millrace that wrote it, or another --state");
    expect(ended.code).toBe(2);
    using database = new DatabaseSync(project.path(STATE));
    expect(database.prepare("SELECT count(*) AS runs FROM runs").get()).toEqual({ runs: 1 });
  });
});

function setVersion(project: Project, version: number): void {
  using database = new DatabaseSync(project.path(STATE));
  database.exec(`PRAGMA user_version = ${version}`);
}
