/**
 * A process that stands still while another takes its run over, and then wakes up: what it has in flight must miss, and
 * it must end saying so.
 */
import { expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { ChaosLoad } from "../support/chaos-load.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const postgres = usePostgres();

const KINDS = [
  { into: "postgres" },
  { into: "files" },
  ...(process.env["KILLS"] === undefined ? [] : [{ into: "both" } as const]),
  { into: "both", stateInPostgres: true },
  { into: "postgres", sink: { mode: "upsert" } },
  { into: "postgres", sink: { mode: "replace" } },
] as const;

test.each(KINDS)("a stopped run that was taken over writes nothing more and says so: %o", async (kind) => {
  using project = new Project();
  const load = await ChaosLoad.create(project, postgres.server, { ...kind, rows: 2_000 });
  if ("sink" in kind) await postgres.server.query(`ALTER TABLE ${load.name} ADD PRIMARY KEY (id)`);
  const zombie = await load.caught();
  zombie.kill("SIGSTOP");
  await load.expireLeases();
  const successor = await load.start().ended;
  expect(successor.code, successor.err).toBe(0);
  expect(JSON.parse(successor.out)).toMatchObject({ state: "succeeded", resumed: true });
  await load.assertExact();

  zombie.kill("SIGCONT");
  const ended = await zombie.ended;
  expect(ended.code, ended.err).toBe(1);
  const { state, error } = JSON.parse(ended.out) as RunSummary;
  expect([state, error?.code]).toEqual(["failed", "FENCED"]);
  expect(error?.message).toMatch(
    /another process (?:has taken it over, and nothing of this unit was written|owns this split now and nothing was changed)/,
  );
  await load.assertExact();
});
