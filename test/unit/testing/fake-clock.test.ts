import { describe, expect, it } from "vitest";
import { sleep } from "../../../src/core/clock.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

function ringing(clock: FakeClock): { log: string[]; set: (name: string, delayMs: number) => Disposable } {
  const log: string[] = [];
  return { log, set: (name, delayMs) => clock.timer(delayMs, () => log.push(`${name}@${clock.monotonic()}`)) };
}

describe("FakeClock.advance()", () => {
  it("runs what is due in the order of time, equal times first come first served", async () => {
    const clock = new FakeClock();
    const { log, set } = ringing(clock);
    set("late", 30);
    set("first", 10);
    set("second", 10);
    set("never", 31);
    set("past", -5);
    expect(clock.nextAt).toBe(0);
    await clock.advance(30);
    expect(log).toEqual(["past@0", "first@10", "second@10", "late@30"]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.monotonic()).toBe(30);
  });

  it("runs timers that are set meanwhile, also by long chains of promises", async () => {
    const clock = new FakeClock();
    let slept = 0;
    const work = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        await sleep(clock, 10);
        for (let hop = 0; hop < 100; hop++) await Promise.resolve();
        slept++;
      }
    };
    const working = work();
    await clock.advance(50);
    expect(slept).toBe(5);
    await working;
  });

  it("runs no disposed timer", async () => {
    const clock = new FakeClock();
    const { log, set } = ringing(clock);
    const timer = set("no", 10);
    set("yes", 10);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    await clock.advance(10);
    expect(log).toEqual(["yes@10"]);
  });
});

describe("FakeClock.runNext()", () => {
  it("goes to the next timer, however far it is, and says when there is none", async () => {
    const clock = new FakeClock();
    const { log, set } = ringing(clock);
    set("far", 1e9);
    expect(await clock.runNext()).toBe(true);
    expect(log).toEqual(["far@1000000000"]);
    expect(await clock.runNext()).toBe(false);
    expect(clock.nextAt).toBeUndefined();
  });
});

describe("FakeClock.now()", () => {
  it("counts from the given wall-clock time", async () => {
    const clock = new FakeClock(1_700_000_000_000);
    await clock.advance(5);
    expect(clock.now()).toBe(1_700_000_000_005);
    expect(clock.monotonic()).toBe(5);
  });
});
