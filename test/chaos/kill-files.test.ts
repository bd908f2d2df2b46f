/**
 * kill -9 while rows go into files: at every named step in turn, and at random times (`KILLS=n ROWS=n SEED=n` for other
 * numbers). In the end every good row is there once, in order, and every bad one is a reject once.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 4);
const ROWS = Number(process.env["ROWS"] ?? 60_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const PAUSE = `const cell = new Int32Array(new SharedArrayBuffer(4));
const pause = Number(process.env["PAUSE_MS"] ?? 0);
export default (row) => {
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  return row;
};
`;

const BAD_EVERY = 501;
const killer = pathToFileURL(path.resolve(import.meta.dirname, "../support/fixtures/kill-at-step.ts")).href;

/** A load into files whose outcome is known row by row. */
class FileLoad {
  readonly #project: Project;
  readonly #rows: number;
  readonly job: string;

  constructor(project: Project, rows: number, sink: object, job: object = {}) {
    this.#project = project;
    this.#rows = rows;
    const lines = Array.from({ length: rows }, (_, id) => (id % BAD_EVERY === 7 ? `x${id},b` : `${id},"n\n${id % 3}"`));
    project.write("in.csv", `id,name\n${lines.join("\n")}\n`);
    this.job = project.job({
      ...{
        source: { type: "file", path: "in.csv" },
        columns: { id: "int" },
        rejects: { type: "file", path: "r.jsonl" },
      },
      ...{ chunk: { size: "4KiB" }, commit: { bytes: "64KiB", interval: "20ms" } },
      sink: { type: "file", ...sink },
      ...job,
    });
  }

  /** Of all files, unfinished ones too. */
  get bytes(): number {
    if (!this.#project.exists("out")) return 0;
    return this.#files.reduce((sum, file) => sum + statSync(file).size, 0);
  }

  /** Ids in the order of the files' names; every file is whole. */
  get ids(): readonly number[] {
    return this.#files.flatMap((file) => {
      const bytes = readFileSync(file);
      const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
      expect(text.endsWith("\n") || text === "", file).toBe(true);
      return text.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { id: number }).id]));
    });
  }

  get #files(): readonly string[] {
    const entries = readdirSync(this.#project.path("out"), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .toSorted();
  }

  /** Holds the end to what has to be there; `sorted` where the order of the files is not that of the rows. */
  assertWhole(sorted: boolean): void {
    const good = Array.from({ length: this.#rows }, (_, id) => id).filter((id) => id % BAD_EVERY !== 7);
    const ids = sorted ? this.ids.toSorted((a, b) => a - b) : this.ids;
    expect(ids).toEqual(good);
    expect(this.#files.filter((file) => file.includes(".partial"))).toEqual([]);
    const bad = this.#project.readLines("r.jsonl").map(({ raw }) => raw);
    expect(bad).toEqual(
      Array.from({ length: this.#rows }, (_, id) => id)
        .filter((id) => id % BAD_EVERY === 7)
        .map((id) => `x${id},b`),
    );
  }
}

const KINDS: readonly (readonly [name: string, sink: object, sorted: boolean])[] = [
  ["compressed parts", { path: "out/{part}.jsonl.gz", rotate: { records: 7_000 } }, false],
  ["parts that are added", { path: "out/{part}.jsonl", mode: "append", rotate: { bytes: "100KiB" } }, false],
  ["partitions", { path: "out/{partition}/a.jsonl", partitionBy: ["name"] }, true],
];

describe("a run into files that is killed", () => {
  /** While rows are written, then, from the first rename on, while all that is left is to publish. */
  const POINTS = [
    ...["create:1:before", "create:2:after", "write:1:before", "write:4:after", "fsync:1:before", "fsync:3:after"],
    ...["folder fsync:1:before", "folder fsync:2:after", "state commit:1:before", "state commit:3:after"],
    ...["rename:1:before", "state keepWords:1:after", "rename:1:after", "rename:2:before"],
    ...["published folder fsync:1:before", "published folder fsync:1:after"],
    ...["state keepWords:2:before", "state keepWords:2:after"],
  ];

  test("at every named step in turn ends whole", async () => {
    using project = new Project();
    const load = new FileLoad(project, 12_000, { path: "out/{part}.jsonl", rotate: { records: 1_500 } });
    const missed: string[] = [];
    for (const point of POINTS) {
      const environment = { NODE_OPTIONS: `--import ${killer}`, KILL_AT: point };
      const { signal, code, err } = await project.run(["run", load.job, "--quiet"], environment);
      if (signal !== "SIGKILL") missed.push(`${point}: it ended with ${code} ${err}`);
    }
    expect(missed).toEqual([]);
    const last = await project.summaryOf([load.job]);
    expect(last.code, last.err).toBe(0);
    expect(last.summary).toMatchObject({ resumed: true, read: 12_000, balanced: true });
    load.assertWhole(false);
  });

  test("does not harm what its successor wrote when it was only stopped", async () => {
    using project = new Project();
    project.write("pause.ts", PAUSE);
    const load = new FileLoad(project, 2_000, { path: "out/a.jsonl" }, { transform: "./pause.ts" });
    const zombie = project.start(["run", load.job, "--json"], { PAUSE_MS: "1" });
    await until("something is written", () => load.bytes > 1_000 || undefined);
    zombie.kill("SIGSTOP");
    using database = new DatabaseSync(project.path(".millrace/state.db"));
    database.exec("UPDATE leases SET until = 0");
    const successor = await project.summaryOf([load.job]);
    expect(successor.code, successor.err).toBe(0);
    expect(successor.summary).toMatchObject({ state: "succeeded", resumed: true, read: 2_000, balanced: true });
    load.assertWhole(false);
    zombie.kill("SIGCONT");
    const { code, out, err } = await zombie.ended;
    expect(code, err).toBe(1);
    expect((JSON.parse(out) as RunSummary).error?.code).toBe("FENCED");
    load.assertWhole(false);
  });

  test.each(KINDS)(
    `at ${KILLS} random times ends whole: %s (SEED=${SEED})`,
    async (_name, sink, sorted) => {
      using project = new Project();
      const load = new FileLoad(project, ROWS, sink);
      const random = seededRandom(SEED);
      for (let kills = 0; kills < KILLS; kills++) {
        const running = project.start(["run", load.job, "--quiet"]);
        await Promise.race([running.ended, wait(400 + random() ** 2 * 2_000)]);
        if (running.over) break;
        running.kill("SIGKILL");
        await running.ended;
      }
      const runs = await project.summaryOf([load.job]);
      expect(runs.code, runs.err).toBe(0);
      if (runs.summary.resumed || !("mode" in sink)) load.assertWhole(sorted);
    },
    600_000,
  );
});
