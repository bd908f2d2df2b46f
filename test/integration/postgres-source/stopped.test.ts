/** What becomes of a query that runs on the server when the process that asked for it ends. */
import { expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

/** The first row comes at once, the second after a minute. */
const SLOW = "SELECT i AS id, CASE WHEN i > 1 THEN pg_sleep(60) END AS nap FROM generate_series(1, 2) i";

async function sleepers(): Promise<number> {
  return (await postgres.server.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length;
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGKILL", null],
] as const)("a query is cancelled on the server when its process ends by %s", async (signal, expected) => {
  using project = new Project();
  const source = { type: "postgres", url: postgres.server.url(), query: SLOW };
  const running = project.start(["run", project.job({ source, sink: { type: "file", path: "out.jsonl" } })]);
  await until("it sleeps", async () => (await sleepers()) === 1 || undefined);
  running.kill(signal);
  expect((await running.ended).code).toBe(expected);
  await until("it is gone", async () => (await sleepers()) === 0 || undefined);
});
