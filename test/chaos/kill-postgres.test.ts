/**
 * kill -9 at random times while rows load into Postgres; then every good row is there once and every bad one is a reject
 * once. `KILLS=n ROWS=n SEED=n` for other numbers; a failing seed is named and kills at much the same moments again.
 */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { Load } from "../support/load.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 6);
const ROWS = Number(process.env["ROWS"] ?? 150_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const postgres = usePostgres();

/** The time in which a process starts, claims its splits and begins to load, milliseconds. */
const START_MS = 900;
/** A load's own time from one commit to the next, and a little more. */
const COMMIT_MS = 40;

const job = {
  chunk: { size: "64KiB" },
  commit: { bytes: "256KiB", interval: "20ms" },
  errors: { maxRejectRate: 1 },
};

/** Half of the kills come at any time of the start, the others once the load has reached a place that rises from kill to kill. */
async function letRun(load: Load, running: CommandLine, kill: number, random: Random): Promise<void> {
  if (kill % 2 === 0) return void (await Promise.race([running.ended, wait(random() * START_MS)]));
  const place = (ROWS * (kill + random())) / (KILLS + 1);
  await until(`${Math.round(place)} records are committed`, async () => {
    return running.over || (await load.committed()) >= place || undefined;
  });
  await wait(random() * COMMIT_MS);
}

describe.each([
  ["millrace.rejects", undefined],
  ["a file", "rejects.jsonl"],
])("rejects into %s", (_place, file) => {
  test(`nothing is lost and nothing doubled by ${KILLS} kills (SEED=${SEED})`, async () => {
    using project = new Project();
    const random = seededRandom(SEED);
    const rejects = file === undefined ? {} : { rejects: { type: "file", path: file } };
    const name = file === undefined ? "killed1" : "killed2";
    const load = await Load.create(project, postgres.server, { name, rows: ROWS, job: { ...job, ...rejects } });
    let kills = 0;
    // A process may be killed when its run has just succeeded, too.
    for (; kills < KILLS && !load.succeeded(); kills++) {
      const running = load.start();
      await letRun(load, running, kills, random);
      running.kill("SIGKILL");
      const { signal, code, err } = await running.ended;
      if (signal === null) {
        expect(code, err).toBe(0);
        break;
      }
    }
    if (!load.succeeded()) {
      const last = await load.run();
      expect(last.code, last.err).toBe(0);
    }
    expect(kills).toBeGreaterThanOrEqual(Math.min(3, KILLS));
    expect(await load.loaded(file)).toEqual(load.expected);
  }, 600_000);
});
