/** Runs that did not come to their end: going on, beginning anew, and what is refused because it would double rows. */
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { Load } from "../support/load.ts";
import { usePostgres } from "../support/postgres.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const postgres = usePostgres();

/** A load that was interrupted, with the summary of its run. */
async function interrupted(project: Project, name: string): Promise<{ load: Load; run: RunSummary }> {
  const load = await Load.create(project, postgres.server, { name, rows: 1_500 });
  const running = await load.caught();
  running.kill("SIGINT");
  const ended = await running.ended;
  expect(ended.code, ended.err).toBe(130);
  return { load, run: JSON.parse(ended.out) as RunSummary };
}

describe("--restart", () => {
  test("is refused with the number of rows, until --keep-written accepts them", async () => {
    using project = new Project();
    const { load, run } = await interrupted(project, "restarted");
    const refused = await load.run("--restart", "--quiet");
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toBe(
      `error: --restart: postgres restarted already holds ${run.written} records of the unfinished run ${run.run}, and a new run would write them again. ` +
        "Run without --restart to go on, or take them out and use --restart --keep-written (RESTART_REFUSED)\n",
    );
    expect((await load.loaded()).rows).toBe(run.written);

    const kept = await load.run("--restart", "--keep-written");
    expect(kept.code, kept.err).toBe(0);
    const anew = JSON.parse(kept.out) as RunSummary;
    expect(anew).toMatchObject({ state: "succeeded", resumed: false, ...load.expected.ledger });
    expect(anew.run).not.toBe(run.run);
    expect((await load.loaded()).rows).toBe(run.written + load.expected.rows);
  });
});

describe("--resume", () => {
  test("of a run that nobody knows is refused", async () => {
    using project = new Project();
    const load = await Load.create(project, postgres.server, { name: "unknown", rows: 10 });
    const ended = await load.run("--resume", "01NOSUCHRUN", "--quiet");
    expect(ended.err).toBe(
      "error: --resume 01NOSUCHRUN: job unknown has no such run in sqlite .millrace/state.db (RUN_NOT_FOUND)\n",
    );
    expect(ended).toMatchObject({ code: 2, out: "" });
  });

  test("goes on with a run that only the database remembers", async () => {
    using project = new Project();
    const { load, run } = await interrupted(project, "lost");
    project.remove(".millrace");
    const refused = await load.run("--quiet");
    expect(refused.err).toContain(`error: lost: postgres lost holds ${run.written} records of run ${run.run} (begun `);
    expect(refused.err).toContain(`Go on with --resume ${run.run}, give it up with --restart, or keep the two apart `);
    expect(refused.err.endsWith("(STATE_LOST)\n"), refused.err).toBe(true);
    expect(refused).toMatchObject({ code: 2, out: "" });

    const resumed = await load.run("--resume", run.run);
    expect(resumed.code, resumed.err).toBe(0);
    expect(JSON.parse(resumed.out)).toMatchObject({ run: run.run, resumed: true, ...load.expected.ledger });
    expect(await load.loaded()).toEqual(load.expected);

    const over = await load.run("--resume", run.run, "--quiet");
    expect(over.err).toBe(
      `error: --resume ${run.run}: that run has succeeded; a new run needs no --resume (RUN_NOT_FOUND)\n`,
    );
    expect(over.code).toBe(2);
  });
});

test("another deployment's job of the same name is told apart and kept out of its run", async () => {
  using project = new Project();
  using elsewhere = new Project();
  const { load, run } = await interrupted(project, "twin");
  const twin = await Load.create(elsewhere, postgres.server, { name: "twin", rows: 300 });
  for (const flags of [[], ["--resume", run.run]]) {
    const refused = await twin.run("--quiet", ...flags);
    expect(refused.err).toContain(`error: twin: postgres twin holds ${run.written} records of run ${run.run} (begun `);
    expect(refused.err).toContain("does not know, and it read another source than there is here: another deployment ");
    expect(refused).toMatchObject({ code: 2, out: "" });
  }
  const sink = { type: "postgres", url: postgres.server.url(), table: "twin", stateSchema: "millrace_twin" };
  const apart = await Load.create(elsewhere, postgres.server, { name: "twin", rows: 300, job: { sink } });
  const ended = await apart.run();
  expect(ended.code, ended.err).toBe(0);
  expect(JSON.parse(ended.out)).toMatchObject(apart.expected.ledger);

  const again = await load.run();
  expect(again.code, again.err).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ run: run.run, resumed: true, ...load.expected.ledger });
});

test("a second run of the same job at the same time names the first and ends, or waits with --wait", async () => {
  using project = new Project();
  const load = await Load.create(project, postgres.server, { name: "twice", rows: 5_000 });
  const first = await load.caught();
  const ending = load.start({}, "--wait");
  const waiting = load.start({}, "--wait");
  const second = await load.run("--quiet");
  expect(second.err).toMatch(
    new RegExp(
      `^error: twice is already being run by process ${first.pid} on \\S+; its lease holds for another \\d+ s unless it is renewed\\. --wait waits for its end \\(LEASE_HELD\\)\\n$`,
    ),
  );
  expect(second).toMatchObject({ code: 1, out: "" });

  const line = `"msg":"waiting for another run of the job","owner":"process ${first.pid} on `;
  const isTold = (running: CommandLine) =>
    until("it tells that it waits", () => running.err.includes(line) || undefined);
  await Promise.all([isTold(ending), isTold(waiting)]);
  ending.kill("SIGINT");
  const ended = await ending.ended;
  expect(ended.err).toMatch(/error: twice: waits no longer for process \d+ on \S+ \(ABORTED\)\n$/);
  expect(ended).toMatchObject({ code: 130, out: "" });

  expect(waiting.over).toBe(false);
  first.kill("SIGKILL");
  const { code, out, err } = await waiting.ended;
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ state: "succeeded", resumed: true, ...load.expected.ledger });
  expect(await load.loaded()).toEqual(load.expected);
});
