/**
 * kill -9 at random times while rows go into files of the kinds that are not plain (`KILLS=n ROWS=n SEED=n` for other
 * numbers). In the end every good row is there once, in order, and every bad one is a reject once.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { Project } from "../support/project.ts";

const KILLS = Number(process.env["KILLS"] ?? 2);
const ROWS = Number(process.env["ROWS"] ?? 40_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** Kills of one load; there are as many loads as it takes. */
const MOST_OF_A_LOAD = 6;

const BAD_EVERY = 501;
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

test.each(KINDS)(
  `loads into files that are killed at ${KILLS} random times end whole: %s (SEED=${SEED})`,
  async (_name, sink, sorted) => {
    const random = seededRandom(SEED);
    for (let kills = 0; kills < KILLS; ) {
      using project = new Project();
      const load = new FileLoad(project, ROWS, sink);
      for (const end = kills + MOST_OF_A_LOAD; kills < Math.min(end, KILLS); kills++) {
        const running = project.start(["run", load.job, "--quiet"]);
        await Promise.race([running.ended, wait(400 + random() ** 2 * 2_000)]);
        if (running.over) break;
        running.kill("SIGKILL");
        await running.ended;
      }
      const runs = await project.summaryOf([load.job]);
      expect(runs.code, runs.err).toBe(0);
      if (runs.summary.resumed || !("mode" in sink)) load.assertWhole(sorted);
    }
  },
  7_200_000,
);
