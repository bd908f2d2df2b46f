import { describe, expect, test } from "vitest";
import type { HostEvent } from "../../../src/core/ports/runtime-events.ts";
import { AfterSlots } from "../../../src/scheduling/after-slots.ts";
import { OnceSlots } from "../../../src/scheduling/once-slots.ts";
import { Scheduler } from "../../../src/scheduling/scheduler.ts";
import { rulesOf } from "../../../src/scheduling/slot-rules.ts";
import { SuccessBell } from "../../../src/scheduling/success-bell.ts";
import { clockTicker } from "../../../src/scheduling/ticker.ts";
import { WatchSlots } from "../../../src/scheduling/watch/watch-slots.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { WatchedFolder } from "./watch/support.ts";

describe("Scheduler", () => {
  test("runs a chain for each file that arrives, and what is to run once, also with two daemons and a restart", async () => {
    using folder = new WatchedFolder();
    const store = openMemoryStore();
    const { clock } = folder;
    const launched: string[] = [];
    const troubles: HostEvent[] = [];
    const daemon = async (): Promise<Scheduler> => {
      const bell = new SuccessBell();
      const launcher = {
        isUnderWay: async () => false,
        async launch(job: string, { slot, trigger }: { readonly slot: string; readonly trigger: string }) {
          const run = `${job} ${slot}`;
          launched.push(`${trigger}: ${run}`);
          const at = new Date(clock.now()).toISOString();
          await store.createRun({
            ...{
              id: run,
              job,
              scope: run,
              slot,
              params: "[]",
              trigger,
              state: "succeeded",
              startedAt: at,
              endedAt: at,
            },
            ...{ columns: null, fingerprint: null, summary: null },
          });
          bell.ring(job);
          return { state: "succeeded" as const, run };
        },
      };
      const emit = (event: HostEvent): void => void (event.kind === "trouble" && troubles.push(event));
      const scheduler = new Scheduler({ store, launcher, clock, emit, ticker: clockTicker(clock) });
      const after = new AfterSlots({ upstream: "load", runs: store, counts: () => true, bell });
      await scheduler.set([
        { job: "setup", version: "1", source: new OnceSlots(), rules: rulesOf({ type: "once" }) },
        {
          job: "load",
          version: "1",
          source: new WatchSlots(folder.options),
          rules: rulesOf({ type: "watch", settle: 2_000 }),
        },
        { job: "report", version: "1", source: after, rules: rulesOf({ type: "after", job: "load" }) },
      ]);
      scheduler.start();
      return scheduler;
    };
    /** Files are looked at in real time, which the clock waits for. */
    const pass = async (seconds: number, daemons: readonly Scheduler[]): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await folder.fake.advance(1_000);
        for (const job of ["setup", "load", "report"]) for (const one of daemons) await one.look(job);
      }
    };
    const [first, second] = [await daemon(), await daemon()];
    await pass(5, [first, second]);
    expect(launched).toEqual(["once: setup 2026-11-22T00:00:00Z"]);
    folder.write("in/a.csv", "1");
    await pass(20, [first, second]);
    await stop(first);
    await stop(second);
    folder.write("in/b.csv", "1");
    const third = await daemon();
    await pass(20, [third]);
    await stop(third);
    const slots = [...new Set(launched.slice(1).map((launch) => launch.split(" ").at(-1)))];
    expect(slots).toHaveLength(2);
    expect(launched.slice(1)).toEqual(slots.flatMap((slot) => [`watch: load ${slot}`, `after: report ${slot}`]));
    expect(troubles).toEqual([]);
  });
});

async function stop(scheduler: Scheduler): Promise<void> {
  await scheduler.stop();
  await scheduler.settled();
}
