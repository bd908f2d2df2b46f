/** SIGINT and SIGTERM while rows load: what is in flight is finished, the rest waits for the next run. */
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../../src/core/summary.ts";
import { ChaosLoad } from "../../support/chaos-load.ts";
import { Load } from "../../support/load.ts";
import { WriteLock } from "../../support/lock.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

test.each([
  ["SIGINT", 130, "postgres"],
  ["SIGTERM", 143, "both"],
] as const)(
  "the first %s drains, saves the state and exits %i; the next run goes on: %s",
  async (signal, code, into) => {
    using project = new Project();
    const load = await ChaosLoad.create(project, postgres.server, { into, rows: 8_000 });
    const running = await load.caught();
    running.kill(signal);
    const ended = await running.ended;
    expect(ended.err).toContain(`${signal}: finishing what is in flight; once more stops at once\n`);
    expect(ended.err).toContain(`"msg":"draining","reason":"${signal}"`);
    expect(ended.code).toBe(code);
    const interrupted = JSON.parse(ended.out) as RunSummary;
    expect(interrupted).toMatchObject({ state: "interrupted", balanced: true, error: null });
    expect(interrupted.read).toBeLessThan(8_000);
    // Each sink has all that was under way.
    for (const { read } of Object.values(interrupted.sinks)) expect(read).toBe(interrupted.read);
    expect(await load.committed()).toBe(interrupted.read);

    const again = await load.start().ended;
    expect(again.code, again.err).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ run: interrupted.run, state: "succeeded", resumed: true });
    await load.assertExact();
  },
);

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
