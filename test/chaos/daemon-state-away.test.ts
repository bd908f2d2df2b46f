/**
 * The server with a daemon's state goes away: it says that it is not ready, ends in time if it is told to, and in the end each
 * slot was run once. `KILLS=n`: before that the server goes away and comes back n times.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Daemon, Deployment } from "../support/daemon.ts";
import { usePostgres } from "../support/postgres.ts";
import { SlotLoad } from "../support/slot-load.ts";

const LONG = process.env["KILLS"] !== undefined;
const TIMES = Number(process.env["KILLS"] ?? 1);
/** Away for at most so long, milliseconds. */
const AWAY_MS = 3_000;
const DEADLINE_MS = 2_000;
/** What a drain takes beyond its deadline at most, in which runs are stopped at once and connections given up. */
const BEYOND_MS = 20_000;

const postgres = usePostgres();

const saysReady = (daemon: Daemon, status: number): Promise<true> =>
  daemon.until(`/readyz says ${status}`, async () => (await daemon.readiness()) === status || undefined);

test(
  `a daemon outlives ${TIMES} absences of its state's server, and ends in time while it is away`,
  async () => {
    const { server } = postgres;
    using deployment = new Deployment({
      state: { type: "postgres", url: server.url(), schema: "away_state" },
      shutdown: { deadline: `${DEADLINE_MS}ms` },
    });
    const load = await SlotLoad.deploy(server, deployment, { everySeconds: 2 });
    const daemon = await deployment.start();
    for (let time = 0; time < TIMES; time++) {
      await load.reaches(daemon, Date.now());
      await server.stop("immediate");
      await saysReady(daemon, 503);
      expect((await daemon.get("/healthz")).status).toBe(200);
      await wait(Math.random() * AWAY_MS);
      await server.start();
      await saysReady(daemon, 200);
    }
    await load.reaches(daemon, Date.now());
    await server.stop("immediate");
    await saysReady(daemon, 503);
    const asked = Date.now();
    const { code, signal, err } = await daemon.stop();
    expect([0, 1], err).toContain(code);
    expect(signal).toBeNull();
    expect(Date.now() - asked).toBeLessThan(DEADLINE_MS + BEYOND_MS);

    await server.start();
    const next = await deployment.start();
    await load.reaches(next, Date.now());
    await load.assertEachOnce(await load.rest(next));
    expect((await next.stop()).code, next.process.err).toBe(0);
  },
  LONG ? 7_200_000 : 120_000,
);
