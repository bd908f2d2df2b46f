/**
 * kill -9 at each step of a commit unit: a proxy between client and server looks at the bytes and kills the client right
 * before they are passed on, right after, or before it gets the reply. One run dies at every step in turn and must end
 * exact.
 */
import { expect, test } from "vitest";
import { Load } from "../support/load.ts";
import { type PostgresStep, StepWatch } from "../support/postgres-steps.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { Proxy } from "../support/proxy.ts";

const postgres = usePostgres();

/** When the client dies: the server never gets the bytes, or gets them, or has even answered. */
type Death = "before" | "after" | "at the reply";

const EVERY: readonly Death[] = ["before", "after", "at the reply"];

/** Where a client dies: of the so-manieth such step, and how. */
const POINTS: readonly (readonly [step: PostgresStep, nth: number, deaths: readonly Death[]])[] = [
  ["the run is noted", 1, ["after"]],
  ["splits are claimed", 1, ["after", "at the reply"]],
  ["a transaction begins", 4, ["after"]],
  ["COPY begins", 2, ["after"]],
  ["rows are sent", 2, ["before", "after"]],
  ["the rows end", 2, EVERY],
  ["the compare-and-set", 2, EVERY],
  ["rejects are stored", 2, EVERY],
  ["a unit commits", 2, EVERY],
];

/** Starts the job and kills it at a step; tells by its result that it did. */
async function killAt(load: Load, proxy: Proxy, step: PostgresStep, nth: number, death: Death): Promise<boolean> {
  const running = load.start();
  const watch = new StepWatch();
  let seen = 0;
  let killed = false;
  proxy.judge = (bytes) => {
    if (killed) return "cut-before";
    if (watch.step(bytes) === step) seen++;
    if (seen < nth || death === "at the reply") return "pass";
    running.kill("SIGKILL");
    killed = true;
    return death === "before" ? "cut-before" : "pass";
  };
  proxy.judgeReply = () => {
    if (seen < nth) return "pass";
    if (!killed) running.kill("SIGKILL");
    killed = true;
    return "cut-before";
  };
  const { signal } = await running.ended;
  [proxy.judge, proxy.judgeReply] = [() => "pass", () => "pass"];
  return killed && signal === "SIGKILL";
}

test("a run that is killed at every step in turn loads every record once", async () => {
  using project = new Project();
  await using proxy = await Proxy.listen(postgres.server.port);
  const url = postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`);
  const job = { commit: { bytes: "1KiB" } };
  const load = await Load.create(project, postgres.server, { name: "points", rows: 4_000, url, job });
  const missed: string[] = [];
  for (const [step, nth, deaths] of POINTS) {
    for (const death of deaths) {
      if (!(await killAt(load, proxy, step, nth, death))) missed.push(`${step}, ${death}`);
    }
  }
  expect(missed).toEqual([]);
  expect(await load.committed()).toBeGreaterThan(0);

  const last = await load.run();
  expect(last.code, last.err).toBe(0);
  expect(await load.loaded()).toEqual(load.expected);
});
