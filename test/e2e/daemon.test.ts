/** The life of `millrace daemon` as its supervisor sees it: probes, signals, exit codes. */
import { spawn, spawnSync } from "node:child_process";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canContain } from "../support/container.ts";
import { Daemon, Deployment } from "../support/daemon.ts";

/** Waits over each record while a file is there, so that a run is under way for as long as a test wants. */
const SLOW = `import { existsSync } from "node:fs";
const cell = new Int32Array(new SharedArrayBuffer(4));
export default (record) => {
  while (existsSync(process.env["HELD_WHILE"])) Atomics.wait(cell, 0, 0, 5);
  return record;
};
`;
const ROWS = 40;

describe("millrace daemon", () => {
  let deployment: Deployment;
  beforeEach(() => {
    deployment = new Deployment();
  });
  afterEach(() => deployment[Symbol.dispose]());

  /** One job, begun at once, that is held within its first chunk until {@link release}. */
  async function held(settings: object = {}): Promise<Daemon> {
    const { project } = deployment;
    deployment.set({ ...settings });
    project.write("jobs/in.csv", `id\n${Array.from({ length: ROWS }, (_, id) => `${id}\n`).join("")}`);
    project.write("jobs/slow.ts", SLOW);
    deployment.deploy({
      ...{ name: "held", source: { type: "file", path: "in.csv" }, transform: "./slow.ts" },
      ...{ sink: { type: "file", path: "out.jsonl" }, chunk: { records: 10 }, commit: { interval: "20ms" } },
    });
    const daemon = await deployment.start({ HELD_WHILE: project.path(project.write("hold", "")) });
    await daemon.until("its run is under way", async () => (await daemon.job("held")).running.length > 0 || undefined);
    return daemon;
  }

  const release = (): void => deployment.project.remove("hold");

  test("is not ready any more once it is told to stop, while what is under way still ends", async () => {
    const daemon = await held();
    expect(await daemon.readiness()).toBe(200);
    daemon.process.kill("SIGTERM");
    await daemon.until("it is not ready", async () => (await daemon.readiness()) === 503 || undefined);
    expect((await daemon.get("/healthz")).status).toBe(200);
    const [run] = await daemon.runs("held");
    expect((await daemon.post("/api/jobs/held/run")).status).toBe(503);
    release();
    const { code, err } = await daemon.process.ended;
    expect(code, err).toBe(0);
    expect(daemon.log.at(-1)).toMatchObject({ msg: "stopped" });

    const next = await deployment.start();
    expect(await next.ran("held", "succeeded")).toMatchObject({ run: run?.run, slot: run?.slot });
    const ids = deployment.project.readLines<{ readonly id: string }>("jobs/out.jsonl").map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: ROWS }, (_, id) => id));
    expect((await next.stop()).code).toBe(0);
  });
});
