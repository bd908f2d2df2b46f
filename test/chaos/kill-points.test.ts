/**
 * kill -9 at each named step. Into Postgres a proxy between client and server looks at the bytes and kills the client right
 * before they are passed on, right after, or before it gets the reply; into files a module preloaded into the process
 * kills it right before or after a call. One run dies at every step in turn and must end exact. By default it goes
 * into both at once and takes the steps that differ most; `KILLS=n` takes them all, into each and into both.
 */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { ChaosLoad, type Destination, DESTINATIONS } from "../support/chaos-load.ts";
import { type PostgresStep, StepWatch } from "../support/postgres-steps.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { Proxy } from "../support/proxy.ts";

const ALL = process.env["KILLS"] !== undefined;

const postgres = usePostgres();
const killer = pathToFileURL(path.resolve(import.meta.dirname, "../support/fixtures/kill-at-step.ts")).href;

/** When the client dies: the server never gets the bytes, or gets them, or has even answered. */
type Death = "before" | "after" | "at the reply";

/** Where a client dies: of the so-manieth such step, and how. */
const IN_POSTGRES: readonly (readonly [step: PostgresStep, nth: number, deaths: readonly Death[]])[] = [
  ["the run is noted", 1, ALL ? ["after"] : []],
  ["splits are claimed", 1, ALL ? ["after", "at the reply"] : ["at the reply"]],
  ["a transaction begins", 4, ALL ? ["after"] : []],
  ["COPY begins", 2, ["after"]],
  ["rows are sent", 2, ALL ? ["before", "after"] : []],
  ["the rows end", 2, ALL ? ["before", "after", "at the reply"] : ["at the reply"]],
  ["the compare-and-set", 2, ALL ? ["before", "after", "at the reply"] : ["before", "at the reply"]],
  ["a unit commits", 2, ["before", "after", "at the reply"]],
];

/** Only a table by itself has its rejects beside it. */
const REJECTS: (typeof IN_POSTGRES)[number] = ["rejects are stored", 2, ["before", "after", "at the reply"]];

/** While rows are written, then, from the first rename on, while all that is left is to publish. */
const IN_FILES = [
  ...(ALL ? ["create:1:before", "create:2:after", "write:1:before", "write:4:after"] : ["write:2:before"]),
  ...["fsync:1:before", "fsync:3:after", "folder fsync:1:before", ...(ALL ? ["folder fsync:2:after"] : [])],
  ...["state commit:1:before", "state commit:3:after"],
  ...["rename:1:before", "rename:1:after", ...(ALL ? ["state keepWords:1:after", "rename:2:before"] : [])],
  ...["published folder fsync:1:before", "published folder fsync:1:after"],
  ...["state keepWords:2:before", ...(ALL ? ["state keepWords:2:after"] : [])],
];

/** Starts the job and kills it at a step of its talk with the server; tells by its result that it did. */
async function killInPostgres(load: ChaosLoad, proxy: Proxy, step: PostgresStep, nth: number, death: Death) {
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

async function killAtEvery(load: ChaosLoad, proxy: Proxy, into: Destination): Promise<readonly string[]> {
  const missed: string[] = [];
  const steps = into === "postgres" ? [...IN_POSTGRES, REJECTS] : into === "both" ? IN_POSTGRES : [];
  for (const [step, nth, deaths] of steps) {
    for (const death of deaths) {
      if (!(await killInPostgres(load, proxy, step, nth, death))) missed.push(`${step}, ${death}`);
    }
  }
  for (const point of into === "postgres" ? [] : IN_FILES) {
    const { signal, code } = await load.start({ NODE_OPTIONS: `--import ${killer}`, KILL_AT: point }).ended;
    if (signal !== "SIGKILL") missed.push(`${point}: it ended with ${code}`);
  }
  return missed;
}

test.each(ALL ? DESTINATIONS : (["both"] as const))(
  "a run that is killed at every named step in turn takes every record once: %s",
  async (into) => {
    using project = new Project();
    await using proxy = await Proxy.listen(postgres.server.port);
    const url = postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`);
    const load = await ChaosLoad.create(project, postgres.server, { into, rows: ALL ? 24_000 : 12_000, url });
    expect(await killAtEvery(load, proxy, into)).toEqual([]);
    expect(await load.committed()).toBeGreaterThan(0);

    const last = await load.start().ended;
    expect(last.code, last.err).toBe(0);
    await load.assertExact();
  },
  600_000,
);
