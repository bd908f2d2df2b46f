/** What people do to a daemon's jobs over HTTP: start, pause, cancel, run rejects again; and what is refused. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, type Daemon, type DeployedJob, Deployment, type ToldRun } from "../support/daemon.ts";

const SLOT = "2026-03-01T02:00:00Z";
const ROWS = 20;
/** More than a run reads ahead. */
const MANY = 300_000;
const EVERY_SECOND = { type: "cron", schedule: "* * * * * *", timezone: "UTC" };

/** Rejects odd ids while a file says so, and waits while another one is there. */
const TRANSFORM = `import { existsSync } from "node:fs";
const cell = new Int32Array(new SharedArrayBuffer(4));
export default ({ id }, context) => {
  while (existsSync(process.env["HELD_WHILE"])) Atomics.wait(cell, 0, 0, 5);
  if (id % 2 === 1 && existsSync(process.env["ODD_WHILE"])) context.reject("odd");
  return { id };
};
`;

const linesOf = (rows: number): string => `id\n${Array.from({ length: rows }, (_, id) => `${id}\n`).join("")}`;

interface Problem {
  readonly code: string;
  readonly detail: string;
}

type Begun = Answer<{ readonly run: string }>;

describe("the API of a daemon", () => {
  let deployment: Deployment;
  let daemon: Daemon;
  let environment: { readonly HELD_WHILE: string; readonly ODD_WHILE: string };
  beforeEach(async () => {
    deployment = new Deployment();
    const { project } = deployment;
    environment = { HELD_WHILE: project.path("hold"), ODD_WHILE: project.path("odd") };
    project.write("jobs/few.csv", linesOf(ROWS));
    project.write("jobs/transform.js", TRANSFORM);
    deployment.deploy(jobOf("manual", "few.csv", { type: "manual" }));
    deployment.deploy(jobOf("tick", "few.csv", { ...EVERY_SECOND, overlap: "skip" }));
    daemon = await deployment.start(environment);
  });
  afterEach(() => deployment[Symbol.dispose]());

  function jobOf(name: string, path: string, trigger: object): DeployedJob {
    return {
      name,
      ...{ source: { type: "file", path }, columns: { id: "int" }, transform: "./transform.js", trigger },
      ...{ sink: { type: "file", path: `${name}/{part}.jsonl`, mode: "append" } },
      errors: { maxRejectRate: 1 },
    };
  }

  const runOf = async (id: string): Promise<ToldRun> => (await daemon.get<ToldRun>(`/api/runs/${id}`)).body;

  const ended = (id: string, state: string): Promise<ToldRun> =>
    daemon.until(`run ${id} is ${state}`, async () => {
      const run = await runOf(id);
      return run.state === state ? run : undefined;
    });

  const trigger = (job: string, body: object = {}): Promise<Begun> => daemon.post(`/api/jobs/${job}/run`, body);

  const stays = async (): Promise<void> => {
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(0);
  };

  test("starts a run by hand; a slot that is under way is refused, and one that has succeeded is found", async () => {
    deployment.project.write("hold", "");
    const first = await trigger("manual", { slot: SLOT });
    expect(first.status).toBe(202);
    const again = await daemon.post<Problem>("/api/jobs/manual/run", { slot: SLOT });
    expect([again.status, again.body.code]).toEqual([409, "LEASE_HELD"]);
    deployment.project.remove("hold");
    const { run } = first.body;
    expect(await ended(run, "succeeded")).toMatchObject({ slot: SLOT, trigger: "manual", written: ROWS });
    expect((await trigger("manual", { slot: SLOT })).body).toEqual({ run });

    const other = await trigger("manual");
    expect(other.body.run).not.toBe(run);
    await ended(other.body.run, "succeeded");
    expect(await daemon.runs("manual")).toHaveLength(2);

    const refused = async (path: string, body: object): Promise<readonly unknown[]> => {
      const answer = await daemon.post<Problem>(path, body);
      return [answer.status, answer.body.code];
    };
    expect(await refused("/api/jobs/nothing/run", {})).toEqual([404, "JOB_UNKNOWN"]);
    expect((await refused("/api/jobs/manual/run", { slot: "noon" }))[0]).toBe(400);
    expect((await refused("/api/jobs/manual/run", { slto: SLOT }))[0]).toBe(400);
    await stays();
  });

  test("pauses a schedule, also for the next daemon, and lets it go on", async () => {
    await daemon.ran("tick", "succeeded");
    const { status, body } = await daemon.post<object>("/api/jobs/tick/pause", { reason: "stocktaking" });
    expect([status, body]).toEqual([200, expect.objectContaining({ paused: "stocktaking", next: null })]);
    await stays();

    daemon = await deployment.start(environment);
    const runs = (await daemon.runs("tick")).length;
    expect(await daemon.job("tick")).toMatchObject({ state: "paused", paused: "stocktaking" });
    // A person may run it nevertheless.
    await ended((await trigger("tick")).body.run, "succeeded");
    expect((await daemon.runs("tick")).map((run) => run.trigger).slice(runs)).toEqual(["manual"]);
    await daemon.post("/api/jobs/tick/resume");
    await daemon.until("its schedule goes on", async () => (await daemon.runs("tick")).length > runs + 1 || undefined);
    await stays();
  });

  test("cancels a run in order, whose slot is not run again", async () => {
    deployment.project.write("hold", "");
    deployment.project.write("jobs/many.csv", linesOf(MANY));
    deployment.deploy({ ...jobOf("long", "many.csv", { type: "once" }), chunk: { size: "16KiB" } });
    daemon.process.kill("SIGHUP");
    const run = await daemon.until("it is under way", async () => (await daemon.job("long")).running?.[0]);
    expect((await daemon.post(`/api/runs/${run}/cancel`)).status).toBe(202);
    deployment.project.remove("hold");
    const cancelled = await ended(run, "interrupted");
    expect(cancelled.written).toBeLessThan(MANY);
    expect((await daemon.post(`/api/runs/${run}/cancel`)).status).toBe(409);
    await stays();

    daemon = await deployment.start(environment);
    await daemon.ran("tick", "succeeded");
    expect(await daemon.runs("long")).toEqual([cancelled]);
    await stays();
  });

  test("tells the rejects of a run and runs them again", async () => {
    deployment.project.write("odd", "");
    const { run } = (await trigger("manual")).body;
    expect(await ended(run, "succeeded")).toMatchObject({ written: ROWS / 2, rejected: ROWS / 2 });
    const { body } = await daemon.get<{ readonly items: readonly object[] }>(`/api/runs/${run}/rejects`);
    expect(body.items).toHaveLength(ROWS / 2);
    expect(body.items[0]).toMatchObject({ stage: "transform", raw: "1" });
    deployment.project.remove("odd");
    const replay: Begun = await daemon.post("/api/jobs/manual/rejects/replay", { run });
    expect(replay.status).toBe(202);
    expect(await ended(replay.body.run, "succeeded")).toMatchObject({
      trigger: "replay",
      written: ROWS / 2,
      rejected: 0,
    });
    expect((await daemon.post("/api/jobs/manual/rejects/replay")).body).toEqual({ run: null });
    await stays();
  });
});
