/** The life of `millrace daemon` as its supervisor sees it: probes, signals, exit codes. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type net from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Daemon, Deployment, type ToldRun } from "../support/daemon.ts";

/** Waits over each record while a file is there, so that a run is under way for as long as a test wants. */
const SLOW = `import { existsSync } from "node:fs";
const cell = new Int32Array(new SharedArrayBuffer(4));
export default (record) => {
  while (existsSync(process.env["HELD_WHILE"])) Atomics.wait(cell, 0, 0, 5);
  return record;
};
`;
const ROWS = 40;

/** The signals that a process catches, a bit each. */
function caughtBy({ process }: Daemon): bigint {
  const [, mask = "0"] = /SigCgt:\s+(\w+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8")) ?? [];
  return BigInt(`0x${mask}`);
}

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

  /** Starts the next daemon: it ends the run, whose output is whole. */
  async function endsWhole(): Promise<readonly ToldRun[]> {
    const daemon = await deployment.start();
    await daemon.ran("held", "succeeded");
    const ids = deployment.project.readLines<{ readonly id: string }>("jobs/out.jsonl").map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: ROWS }, (_, id) => id));
    const runs = await daemon.runs("held");
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(0);
    return runs;
  }

  /** A job that nobody starts. */
  function manual(): void {
    const { source, sink } = { source: { type: "file", path: "a.csv" }, sink: { type: "file", path: "b.jsonl" } };
    deployment.deploy({ name: "manual", source, sink, trigger: { type: "manual" } });
  }

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

    expect(await endsWhole()).toEqual([expect.objectContaining({ run: run?.run, slot: run?.slot })]);
  });

  test("ends with 1 when its runs have not ended by the deadline, and nothing of them is lost", async () => {
    const daemon = await held({ shutdown: { deadline: "300ms" } });
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(1);
    expect(daemon.log.at(-1)).toMatchObject({ level: "error", msg: "stopped before all runs had ended" });
    release();
    await endsWhole();
  });

  test("waits for nothing any more at the second signal", async () => {
    const daemon = await held({ shutdown: { deadline: "1h" } });
    daemon.process.kill("SIGINT");
    await daemon.until("it is stopping", async () => (await daemon.readiness()) === 503 || undefined);
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(1);
    release();
    await endsWhole();
  });

  test.runIf(process.platform === "linux")("hears signals long before it is ready", async () => {
    manual();
    const daemon = deployment.launch();
    // SIGTERM is number 15, SIGHUP number 1.
    const heard = (1n << 14n) | 1n;
    await daemon.until("it listens to signals", () => (caughtBy(daemon) & heard) === heard || undefined);
    expect(daemon.log).toEqual([]);
    daemon.process.kill("SIGHUP");
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(0);
    expect(daemon.log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["ready", "stopping", "stopped"]));
  });

  test("is not held up by a receiver of alerts that never replies", async () => {
    const asked = Promise.withResolvers<void>();
    await using receiver = createServer(() => asked.resolve()).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const webhook = `http://127.0.0.1:${(receiver.address() as net.AddressInfo).port}/`;
    const { source, sink } = {
      source: { type: "file", path: "not-there.csv" },
      sink: { type: "file", path: "b.jsonl" },
    };
    deployment.deploy({ name: "fails", source, sink, alerts: { failed: true, webhook } });
    const daemon = await deployment.start();
    await daemon.until("it has failed", async () => (await daemon.job("fails")).state === "failed" || undefined);
    daemon.process.kill("SIGTERM");
    await asked.promise;
    const { code, err } = await daemon.stop();
    receiver.closeAllConnections();
    expect(code, err).toBe(1);
  });

  test("started again after SIGKILL goes on with the run under its own id and slot", async () => {
    const daemon = await held();
    const [run] = await daemon.runs("held");
    await daemon.kill();
    release();
    expect(await endsWhole()).toEqual([
      expect.objectContaining({ run: run?.run, slot: run?.slot, state: "succeeded", resumed: true }),
    ]);
  });

  test.each([
    ["one that is not there", undefined, /no-such\.yaml/],
    ["one with an unknown key", { jbos: ["jobs/*.json"] }, /millrace\.json:\d+:\d+: jbos: /],
    ["one whose job is wrong", { jobs: ["bad.json"] }, /bad\.json:\d+:\d+: trigger\.schedule: /],
  ])("ends with 2 for a runtime file that is bad: %s", async (_name, config, message) => {
    const { project } = deployment;
    if (config !== undefined) project.write("millrace.json", JSON.stringify(config));
    const { source, sink } = { source: { type: "file", path: "a.csv" }, sink: { type: "file", path: "b.jsonl" } };
    const bad = { name: "bad", source, sink, trigger: { type: "cron", schedule: "61 * * * *" } };
    project.write("bad.json", JSON.stringify(bad, null, 1));
    const file = config === undefined ? "no-such.yaml" : "millrace.json";
    const { code, err } = await project.run(["daemon", file]);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  test("looks for config/millrace.yaml where no file is named, and ends with 2 where it is not", async () => {
    const { project } = deployment;
    const { code, err } = await project.run(["daemon"]);
    expect([code, err]).toEqual([2, expect.stringContaining("config/millrace.yaml")]);
    project.write("config/millrace.yaml", "jobs: ['*.job.json']\nadmin: { port: 0 }\nstate: { type: memory }\n");
    const { source, sink } = { source: { type: "file", path: "a.csv" }, sink: { type: "file", path: "b.jsonl" } };
    project.write("config/a.job.json", JSON.stringify({ name: "a", source, sink, trigger: { type: "manual" } }));
    const daemon = new Daemon(project.start(["daemon"]));
    await daemon.ready();
    expect((await daemon.stop()).code).toBe(0);
  });

  test("ends with 2 when its port is taken", async () => {
    await using other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as net.AddressInfo;
    deployment.set({ admin: { port } });
    manual();
    const { code, err } = await deployment.launch().process.ended;
    expect([code, err]).toEqual([2, expect.stringContaining(`admin.port ${port} on 127.0.0.1 is taken`)]);
  });

  // 1 and not 2: a supervisor does not start again what ended with 2, and a server that is away comes back.
  test.each([
    ["a server that is away", { type: "postgres", url: "postgres://u:secret@127.0.0.1:1/db" }],
    ["a file in a folder that is a file", { type: "sqlite", path: "millrace.json/state.db" }],
  ])("ends with 1 when there is no state store: %s", async (_name, state) => {
    deployment.set({ state });
    manual();
    const { code, err } = await deployment.launch().process.ended;
    expect([code, err]).toEqual([1, expect.stringContaining("STATE_UNAVAILABLE")]);
    expect(err).not.toContain("secret");
  });
});
