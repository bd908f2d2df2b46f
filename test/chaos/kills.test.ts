/**
 * kill -9 at random times while rows load into a table, into files, and by `route` into both at once; then every good row
 * is there once and every bad one is a reject once. `KILLS=n ROWS=n SEED=n` for other numbers; a failing seed is named
 * and kills at much the same moments again.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { ChaosLoad, type ChaosLoadOptions } from "../support/chaos-load.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 2);
const ROWS = Number(process.env["ROWS"] ?? 60_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const postgres = usePostgres();

/** The time in which a process starts, claims its splits and begins to load, milliseconds. */
const START_MS = 900;
/** A load's own time from one commit to the next, and a little more. */
const COMMIT_MS = 40;
/** Kills of one load; there are as many loads as it takes. */
const MOST_OF_A_LOAD = 6;

/** `short`: also where nobody asked for the long form. */
type Kind = Pick<ChaosLoadOptions, "into" | "rejects" | "stateInPostgres"> & { readonly short?: boolean };

const LOADS: readonly (readonly [name: string, kind: Kind])[] = [
  ["a table", { into: "postgres" }],
  ["a table, with the rejects in a file", { into: "postgres", rejects: "r.jsonl", short: true }],
  ["files", { into: "files" }],
  ["both at once", { into: "both", short: true }],
  ["both at once, with the state in Postgres", { into: "both", stateInPostgres: true }],
];

/** Half of the kills come once the load has reached a place that rises from kill to kill, the others at any time of the start. */
async function letRun(load: ChaosLoad, running: CommandLine, kill: number, random: Random): Promise<void> {
  if (kill % 2 === 1) return void (await Promise.race([running.ended, wait(random() * START_MS)]));
  const place = (ROWS * (kill + random())) / (MOST_OF_A_LOAD + 1);
  await until(`${Math.round(place)} records are committed`, async () => {
    return running.over || (await load.committed()) >= place || undefined;
  });
  await wait(random() * COMMIT_MS);
}

/** Kills one load until that was often enough or it ends, and holds it to its end; resolves to how often. */
async function killAndFinish(load: ChaosLoad, most: number, random: Random): Promise<number> {
  let kills = 0;
  // A process may be killed when its run has just succeeded, too.
  while (kills < most && !(await load.succeeded())) {
    const running = load.start();
    await letRun(load, running, kills, random);
    running.kill("SIGKILL");
    const { signal, code, err } = await running.ended;
    if (signal !== null) kills++;
    else expect(code, err).toBe(0);
  }
  if (!(await load.succeeded())) {
    const last = await load.start().ended;
    expect(last.code, last.err).toBe(0);
  }
  await load.assertExact();
  return kills;
}

test.each(process.env["KILLS"] === undefined ? LOADS.filter(([, { short = false }]) => short) : LOADS)(
  `nothing is lost and nothing doubled by ${KILLS} kills of loads into %s (SEED=${SEED})`,
  async (_name, options) => {
    const random = seededRandom(SEED);
    const job = { chunk: { size: "32KiB" }, commit: { bytes: "128KiB", interval: "20ms" } };
    for (let kills = 0; kills < KILLS; ) {
      using project = new Project();
      const load = await ChaosLoad.create(project, postgres.server, { ...options, rows: ROWS, job });
      kills += await killAndFinish(load, Math.min(MOST_OF_A_LOAD, KILLS - kills), random);
    }
  },
  7_200_000,
);
