/** More rejects than a job allows: exit code 3, what was committed stays, and the run goes on once it may. */
import { expect, test } from "vitest";
import type { RunSummary } from "../../../src/core/summary.ts";
import { Load, SLOWLY } from "../../support/load.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

test("a run over its limit ends with exit code 3 and goes on with --accept-rejects only", async () => {
  using project = new Project();
  const job = { errors: { maxRejects: 5 } };
  const load = await Load.create(project, postgres.server, { name: "limited", rows: 2_000, job });
  const { summary, code } = await project.summaryOf([load.job]);
  expect(code).toBe(3);
  expect(summary).toMatchObject({ state: "rejected", balanced: true, resumed: false });
  const why = `${summary.rejected} of ${summary.read} records were rejected; errors.maxRejects is 5`;
  expect(summary.error).toEqual({ code: "REJECT_LIMIT", message: why });
  const before = await load.loaded();
  expect(before.rejects).toEqual(load.expected.rejects.slice(0, summary.rejected));
  expect(before.ledger).toEqual({ read: summary.read, written: before.rows, rejected: summary.rejected });

  const again = await load.run("--quiet");
  expect(again).toMatchObject({ code: 3, out: "" });
  expect(again.err).toBe(
    `error: run ${summary.run} ended because ${why}. Raise the limit, or go on with --accept-rejects, or begin anew with --restart (REJECT_LIMIT)\n`,
  );
  expect(await load.loaded()).toEqual(before);

  const accepted = await load.run("--accept-rejects");
  expect(accepted.code, accepted.err).toBe(0);
  expect(JSON.parse(accepted.out)).toMatchObject({ run: summary.run, resumed: true, ...load.expected.ledger });
  expect(await load.loaded()).toEqual(load.expected);
});

test("limits count what a run's earlier processes rejected, however they ended, and nothing twice", async () => {
  using project = new Project();
  const rows = 1_000;
  const bad = (await Load.create(project, postgres.server, { name: "counted", rows })).expected.rejects.length;
  for (const [name, maxRejects, code] of [
    ["enough", bad, 0],
    ["fewer", bad - 1, 3],
  ] as const) {
    const job = { errors: { maxRejects, maxRejectRate: bad / rows, minRecords: rows } };
    const load = await Load.create(project, postgres.server, { name, rows, job });
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const before = await load.committed();
      const running = load.start(SLOWLY);
      await until("it goes on", async () => running.over || (await load.committed()) > before || undefined);
      running.kill(signal);
      await running.ended;
    }
    const last = await load.run();
    expect(last.code, last.err).toBe(code);
    const { read, rejected, state, balanced } = JSON.parse(last.out) as RunSummary;
    expect({ rejected, balanced }).toEqual({ rejected: bad, balanced: true });
    expect(state).toBe(code === 0 ? "succeeded" : "rejected");
    expect(await load.committed()).toBe(read);
  }
}, 120_000);
