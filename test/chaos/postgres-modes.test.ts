/**
 * Loads of the modes upsert and replace, killed again and again at moments that nobody chose: also while they end, which in
 * mode replace is when one table takes another's place.
 *
 * `KILLS=20 vitest run --project integration test/chaos/postgres-modes` takes longer over it; a failing seed is named.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { ChaosLoad } from "../support/chaos-load.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 2);
const ROWS = Number(process.env["ROWS"] ?? 20_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const postgres = usePostgres();

/** Kills of one load; the last of them comes when all is committed, or nearly. */
const MOST_OF_A_LOAD = 5;
/** From the last commit to the end of the process, milliseconds, and a little more. */
const ENDING_MS = 60;

async function letRun(load: ChaosLoad, running: CommandLine, place: number, random: Random): Promise<void> {
  await until(`${place} records are committed`, async () => {
    return running.over || (await load.committed()) >= place || undefined;
  });
  await wait(random() * ENDING_MS);
}

/** Kills one load so often, or until it ends, and holds it to its end; resolves to how often. */
async function killAndFinish(
  load: ChaosLoad,
  kills: number,
  random: Random,
  check: () => Promise<void>,
): Promise<number> {
  let done = 0;
  for (; done < kills && !(await load.succeeded()); done++) {
    const running = load.start();
    await letRun(load, running, Math.min(ROWS, Math.ceil((ROWS * (done + 1)) / kills)), random);
    running.kill("SIGKILL");
    const { signal, code, err } = await running.ended;
    if (signal === null) expect(code, err).toBe(0);
    else await check();
  }
  if (!(await load.succeeded())) {
    const { code, err } = await load.start().ended;
    expect(code, err).toBe(0);
  }
  await load.assertExact();
  return done;
}

test.each(["upsert", "replace"] as const)(
  `nothing is lost and nothing doubled by ${KILLS} kills of loads in mode %s (SEED=${SEED})`,
  async (mode) => {
    const random = seededRandom(SEED);
    const { server } = postgres;
    const job = { chunk: { size: "16KiB" }, commit: { bytes: "64KiB", interval: "20ms" } };
    for (let kills = 0; kills < KILLS; ) {
      using project = new Project();
      const load = await ChaosLoad.create(project, server, { into: "postgres", rows: ROWS, job, sink: { mode } });
      await server.query(`ALTER TABLE ${load.name} ADD PRIMARY KEY (id)`);
      if (mode === "replace")
        await server.query(`INSERT INTO ${load.name} SELECT -g, 'old' FROM generate_series(1, 100) g`);
      kills += await killAndFinish(load, Math.min(MOST_OF_A_LOAD, KILLS - kills), random, async () => {
        if (mode === "upsert") return;
        // Old or new, and the key is there in either case.
        const [shown] = await server.query(
          `SELECT count(*)::int AS rows, count(*) FILTER (WHERE name = 'old')::int AS old,
             (SELECT count(*)::int FROM pg_index WHERE indrelid = '${load.name}'::regclass AND indisprimary) AS keys FROM ${load.name}`,
        );
        if (shown?.["old"] === 100) expect(shown).toMatchObject({ rows: 100, keys: 1 });
        else expect(shown).toMatchObject({ old: 0, keys: 1 });
      });
      const left = await server.query(`SELECT relname FROM pg_class WHERE relname LIKE '${load.name}\\_\\_%'`);
      expect(left).toEqual([]);
    }
  },
  7_200_000,
);
