/**
 * A network that breaks at each step of a commit unit: the server gets the bytes or does not or gets them late, and the
 * client learns nothing. One run goes through all of it.
 */
import { expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { Load } from "../support/load.ts";
import { POSTGRES_STEPS, StepWatch } from "../support/postgres-steps.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { Proxy, type Verdict } from "../support/proxy.ts";

const postgres = usePostgres();

const BREAKS = ["cut-before", "cut-after", "cut-late"] as const satisfies readonly Verdict[];

test("a run whose connection breaks at every step in turn loads every record once", async () => {
  using project = new Project();
  await using proxy = await Proxy.listen(postgres.server.port);
  const url = postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`);
  const job = { commit: { bytes: "1KiB" }, retry: { initialDelay: "5ms", maxDelay: "20ms" } };
  const load = await Load.create(project, postgres.server, { name: "replies", rows: 6_000, url, job });
  const points = POSTGRES_STEPS.flatMap((step) => BREAKS.map((verdict) => [step, verdict] as const));
  const waiting = [...points];
  const watch = new StepWatch();
  proxy.judge = (bytes) => {
    const step = watch.step(bytes);
    const [next] = waiting;
    if (next === undefined || next[0] !== step) return "pass";
    waiting.shift();
    watch.cut();
    return next[1];
  };
  const ended = await load.run();
  expect(ended.code, ended.err).toBe(0);
  expect(waiting).toEqual([]);
  const summary = JSON.parse(ended.out) as RunSummary;
  expect(summary).toMatchObject({
    state: "succeeded",
    resumed: false,
    restarts: 0,
    balanced: true,
    ...load.expected.ledger,
  });
  expect(summary.retries).toBeGreaterThanOrEqual(points.length);
  expect(summary.retryReasons.map(({ reason }) => reason)).toContain("COMMIT_AMBIGUOUS");
  expect(await load.loaded()).toEqual(load.expected);
});
