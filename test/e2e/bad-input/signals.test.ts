/** SIGINT and SIGTERM while rows load: what is in flight is finished, the rest waits for the next run. */
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../../src/core/summary.ts";
import { Load } from "../../support/load.ts";
import { WriteLock } from "../../support/lock.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

describe("the first signal", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s drains, saves the state and exits %i; the next run goes on", async (signal, code) => {
    using project = new Project();
    const load = await Load.create(project, postgres.server, { name: `drained${code}`, rows: 3_000 });
    const running = await load.caught();
    running.kill(signal);
    const ended = await running.ended;
    expect(ended.err).toContain(`${signal}: finishing what is in flight; once more stops at once\n`);
    expect(ended.code).toBe(code);
    const interrupted = JSON.parse(ended.out) as RunSummary;
    expect(interrupted).toMatchObject({ state: "interrupted", balanced: true, error: null });
    expect(interrupted.read).toBeLessThan(3_000);
    expect(await load.committed()).toBe(interrupted.read);

    const again = await load.run();
    expect(again.code, again.err).toBe(0);
    const { read, written, rejected } = load.expected.ledger;
    const counts = { read, written, rejected, filtered: 0, balanced: true };
    expect(JSON.parse(again.out)).toMatchObject({ run: interrupted.run, state: "succeeded", resumed: true, ...counts });
    expect(await load.loaded()).toEqual(load.expected);
  });
});

describe("the second signal", () => {
  test("stops at once although the table is locked and nothing can drain", async () => {
    using project = new Project();
    const load = await Load.create(project, postgres.server, { name: "stopped", rows: 1_000 });
    {
      await using lock = await WriteLock.take(postgres.server, "stopped");
      const running = load.start();
      await lock.met();
      running.kill("SIGTERM");
      await until(
        "the first signal is answered",
        () => running.err.includes("finishing what is in flight") || undefined,
      );
      expect(running.over).toBe(false);
      const asked = performance.now();
      running.kill("SIGINT");
      const ended = await running.ended;
      expect(performance.now() - asked).toBeLessThan(3_000);
      expect(ended.err.endsWith("stopped at once; run it again to go on\n"), ended.err).toBe(true);
      expect(ended.code).toBe(143);
    }
    const again = await load.run();
    expect(again.code, again.err).toBe(0);
    expect(await load.loaded()).toEqual(load.expected);
  });
});
