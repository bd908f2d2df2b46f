/**
 * kill -9 of a daemon at random times, also while it starts, with a slot every second: in the end each slot has one run,
 * which has written each row once. `KILLS=n SEED=n` for other numbers.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { Deployment } from "../support/daemon.ts";
import { usePostgres } from "../support/postgres.ts";
import { SlotLoad } from "../support/slot-load.ts";

const LONG = process.env["KILLS"] !== undefined;
const KILLS = Number(process.env["KILLS"] ?? 2);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** A daemon lives for at most so long, and nobody is up for at most so long, milliseconds. */
const LIFE_MS = 2_000;
const AWAY_MS = 1_500;

const postgres = usePostgres();

test.each(LONG ? ["sqlite", "postgres"] : ["sqlite"])(
  `each slot is run once, and by a run that is gone on with, over ${KILLS} kills: state in %s (SEED=${SEED})`,
  async (type) => {
    const random = seededRandom(SEED);
    const { server } = postgres;
    using deployment = new Deployment({
      state: type === "sqlite" ? { type, path: "state.db" } : { type, url: server.url(), schema: "slots_state" },
    });
    const load = await SlotLoad.deploy(server, deployment);
    for (let kill = 0; kill < KILLS; kill++) {
      // One in three dies while it starts.
      const daemon = kill % 3 === 1 ? deployment.launch() : await deployment.start();
      await wait(random() * LIFE_MS);
      expect(daemon.process.over, daemon.process.err).toBe(false);
      await daemon.kill();
      await wait(random() * AWAY_MS);
    }
    const last = await deployment.start();
    await load.reaches(last, Date.now());
    const runs = await load.rest(last);
    await load.assertEachOnce(runs);
    const { code, err } = await last.stop();
    expect(code, err).toBe(0);
  },
  LONG ? 7_200_000 : 120_000,
);
