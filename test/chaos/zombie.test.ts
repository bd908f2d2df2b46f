/**
 * A process that stands still while another takes its run over, and then wakes up: what it has in flight must miss, and
 * it must end saying so.
 */
import { expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { Load, SLOWLY } from "../support/load.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const postgres = usePostgres();

test("a stopped run that was taken over writes nothing more and says so", async () => {
  using project = new Project();
  const load = await Load.create(project, postgres.server, { name: "zombie", rows: 2_000 });
  const zombie = await load.caught(SLOWLY);
  zombie.kill("SIGSTOP");
  load.expireLeases();
  const successor = await load.run();
  expect(successor.code, successor.err).toBe(0);
  expect(JSON.parse(successor.out)).toMatchObject({ state: "succeeded", resumed: true, ...load.expected.ledger });
  expect(await load.loaded()).toEqual(load.expected);

  zombie.kill("SIGCONT");
  const ended = await zombie.ended;
  expect(ended.code, ended.err).toBe(1);
  const { state, error } = JSON.parse(ended.out) as RunSummary;
  expect(state).toBe("failed");
  expect(error?.code).toBe("FENCED");
  expect(error?.message).toMatch(/another process has taken it over, and nothing of this unit was written$/);
  expect(await load.loaded()).toEqual(load.expected);
});
