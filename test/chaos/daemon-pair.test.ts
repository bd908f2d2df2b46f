/**
 * Two daemons on one state in Postgres, with a slot every second: one is killed, one stands still for longer than its
 * leases hold and wakes up; each slot has one run, and the other one goes on. `KILLS=n` for so many rounds of both, in which
 * leases really run out instead of being made to.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Daemon, Deployment } from "../support/daemon.ts";
import { usePostgres } from "../support/postgres.ts";
import { SlotLoad } from "../support/slot-load.ts";

const LONG = process.env["KILLS"] !== undefined;
const ROUNDS = Number(process.env["KILLS"] ?? 1);
const LEASE_MS = 30_000;
/** A slot comes due every second, and its run takes a while. */
const GOES_ON_MS = 4_000;
const STATE_SCHEMA = "pair_state";

const postgres = usePostgres();

/** Stops a daemon while it has a run under way that is not over. */
async function stopWithinRun(daemon: Daemon, load: SlotLoad, other: Daemon): Promise<string> {
  for (;;) {
    const [run] = await daemon.until("it has a run", async () => {
      const { running } = await daemon.job(load.name);
      return running.length > 0 ? running : undefined;
    });
    daemon.process.kill("SIGSTOP");
    const kept = (await other.runs(load.name)).find((one) => one.run === run);
    if (run !== undefined && kept?.state === "running") return run;
    daemon.process.kill("SIGCONT");
  }
}

/** One that stands still in the middle of a commit holds its rows until the server ends its session. */
const LOCKS_HOLD_MS = 90_000;

/** Waits as long as a lease holds; without the long form it is made to run out. */
async function outliveLeases(): Promise<void> {
  if (LONG) await wait(LEASE_MS);
  else await postgres.server.query(`update ${STATE_SCHEMA}.leases set until = now()`);
}

function hasRun(daemon: Daemon): boolean {
  return daemon.log.some(({ msg }) => msg === "run started");
}

test(
  `two daemons run each slot once over ${ROUNDS} rounds of a kill and of one that stands still`,
  async () => {
    const { server } = postgres;
    const state = { type: "postgres", url: server.url(), schema: STATE_SCHEMA };
    using deployment = new Deployment({ state });
    const load = await SlotLoad.deploy(server, deployment, { everySeconds: LONG ? 2 : 1 });
    let first = await deployment.start();
    const second = await deployment.start();
    for (let round = 0; round < ROUNDS; round++) {
      await first.until("the first one runs slots", () => hasRun(first) || undefined);
      await first.kill();
      await load.reaches(second, Date.now());
      first = await deployment.start();

      const standing = await stopWithinRun(second, load, first);
      await outliveLeases();
      const since = Date.now();
      const goneOn = async () => {
        const run = (await first.runs(load.name)).find((each) => each.run === standing);
        return run?.state === "succeeded" ? run : undefined;
      };
      const resumed = await first.until("the other one goes on with its run", goneOn, LOCKS_HOLD_MS);
      expect(resumed.resumed).toBe(true);
      if (LONG) expect(Date.now() - since).toBeLessThan(GOES_ON_MS);
      second.process.kill("SIGCONT");
      // Its run is fenced off, or had nothing left to write: the rows below say whether it wrote any.
      expect(await second.readiness()).toBe(200);
    }
    expect((await first.stop()).code).toBe(0);
    await load.reaches(second, Date.now());
    await load.assertEachOnce(await load.rest(second));
    expect((await second.stop()).code, second.process.err).toBe(0);
  },
  LONG ? 7_200_000 : 120_000,
);
