/** A daemon reads its files again: a valid version takes over, an invalid one is refused loudly and the old one stays. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Daemon, type DaemonLine, Deployment, type ToldJob } from "../support/daemon.ts";

const NEVER = { type: "cron", schedule: "0 0 29 2 *", timezone: "UTC" };
const EVERY_SECOND = { type: "cron", schedule: "* * * * * *", timezone: "UTC" };

describe("a daemon that reads its files again", () => {
  let deployment: Deployment;
  beforeEach(() => {
    deployment = new Deployment();
    deployment.project.write("jobs/in.csv", "id\n1\n2\n");
  });
  afterEach(() => deployment[Symbol.dispose]());

  function deploy(name: string, change: object = {}): void {
    const source = { type: "file", path: "in.csv" };
    const sink = { type: "file", path: `${name}/{slot}.jsonl`.replace("{slot}", "${slot.time}") };
    deployment.deploy({ name, source, sink, trigger: NEVER, ...change });
  }

  const namesOf = async (daemon: Daemon): Promise<readonly string[]> =>
    (await daemon.get<{ readonly items: readonly ToldJob[] }>("/api/jobs")).body.items.map(({ job }) => job);

  const refusals = ({ log }: Daemon): readonly DaemonLine[] =>
    log.filter(({ level, msg }) => level === "error" && msg.includes("refused"));

  /** Until the names of its jobs are these. */
  const knows = async (daemon: Daemon, ...names: readonly string[]): Promise<void> => {
    await daemon.until(
      `its jobs are ${names.join()}`,
      async () => (await namesOf(daemon)).join() === names.join() || undefined,
    );
  };

  test("takes over on SIGHUP what came, what went and what has changed, and refuses what is wrong", async () => {
    deploy("changes");
    deploy("goes");
    const daemon = await deployment.start();
    expect((await daemon.job("changes")).next).toMatch(/-02-29T00:00:00Z$/);

    deploy("changes", { trigger: EVERY_SECOND });
    deployment.withdraw("goes");
    deploy("new", { trigger: { type: "once" } });
    daemon.process.kill("SIGHUP");
    await knows(daemon, "changes", "new");
    expect(await daemon.ran("new", "succeeded")).toMatchObject({ trigger: "once" });
    expect(await daemon.ran("changes", "succeeded")).toMatchObject({ trigger: "cron" });
    expect((await daemon.get("/api/jobs/goes")).status).toBe(404);

    deploy("changes", { trigger: NEVER, shoudl: 1 });
    deploy("newer");
    daemon.process.kill("SIGHUP");
    const [refused] = await daemon.until("it refuses", () =>
      refusals(daemon).length > 0 ? refusals(daemon) : undefined,
    );
    expect(JSON.stringify(refused)).toMatch(/"jobs\/changes\.json:\d+:\d+: shoudl: /);
    expect(await namesOf(daemon)).toEqual(["changes", "new"]);
    // The old one is still at work.
    const before = (await daemon.runs("changes")).length;
    await daemon.until("its schedule goes on", async () => (await daemon.runs("changes")).length > before || undefined);

    deploy("changes");
    daemon.process.kill("SIGHUP");
    await knows(daemon, "changes", "new", "newer");
    expect((await daemon.job("changes")).next).toMatch(/-02-29T00:00:00Z$/);
    expect(refusals(daemon)).toHaveLength(1);
    const { code, err } = await daemon.stop();
    expect(code, err).toBe(0);
  });

  test("looks by itself with reload.watch, at modules and job files that come and go", async () => {
    deployment.set({ reload: { watch: true } });
    deploy("one");
    const daemon = await deployment.start();
    deploy("two", { trigger: { type: "once" } });
    await daemon.until("it knows of it", async () => (await namesOf(daemon)).length === 2 || undefined);
    await daemon.ran("two", "succeeded");

    deploy("one", { sink: { type: "fiel" } });
    await daemon.until("it refuses", () => refusals(daemon).length > 0 || undefined);
    expect(await namesOf(daemon)).toEqual(["one", "two"]);
    deployment.withdraw("one");
    await knows(daemon, "two");
    expect((await daemon.stop()).code).toBe(0);
  });

  test("runs a changed transform from the next run on, and says which settings hold only from the next start on", async () => {
    deployment.project.write("jobs/mark.ts", "export default (record: object) => ({ ...record, mark: 1 });\n");
    deploy("marks", { transform: "./mark.ts", sink: { type: "file", path: "out.jsonl" }, trigger: { type: "manual" } });
    const daemon = await deployment.start();
    const marksOf = async (): Promise<readonly unknown[]> => {
      const { body } = await daemon.post<{ readonly run: string }>("/api/jobs/marks/run");
      await daemon.until("it succeeds", async () => {
        const { body: run } = await daemon.get<{ readonly state: string }>(`/api/runs/${body.run}`);
        return run.state === "succeeded" || undefined;
      });
      return deployment.project.readLines<{ readonly mark: number }>("jobs/out.jsonl").map(({ mark }) => mark);
    };
    expect(await marksOf()).toEqual([1, 1]);
    deployment.project.write("jobs/mark.ts", "export default (record: object) => ({ ...record, mark: 2 });\n");
    expect(await marksOf()).toEqual([2, 2]);

    // Settings of the process itself are another matter.
    deployment.set({ threads: 3, shutdown: { deadline: "5s" } });
    daemon.process.kill("SIGHUP");
    const told = await daemon.until("it says so", () => daemon.log.find(({ level }) => level === "warn"));
    expect(told["settings"]).toEqual(["threads", "shutdown"]);
    expect((await daemon.stop()).code).toBe(0);
  });
});
