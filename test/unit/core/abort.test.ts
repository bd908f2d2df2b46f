import { describe, expect, test } from "vitest";
import { onAbort, whenAborted } from "../../../src/core/abort.ts";
import { abortError, sleep, systemClock } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

describe("onAbort()", () => {
  test("calls once when the signal is aborted, at once if it is already", () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => calls++);
    expect(calls).toBe(0);
    controller.abort();
    onAbort(controller.signal, () => calls++);
    expect(calls).toBe(2);
  });

  test("takes its callback back when it is disposed", () => {
    const controller = new AbortController();
    let calls = 0;
    {
      using _listening = onAbort(controller.signal, () => calls++);
    }
    controller.abort();
    expect(calls).toBe(0);
  });
});

describe("whenAborted()", () => {
  test("resolves and never rejects", async () => {
    const controller = new AbortController();
    const aborted = whenAborted(controller.signal);
    controller.abort(new RangeError("no"));
    await aborted;
    await whenAborted(controller.signal);
  });
});

describe("sleep()", () => {
  test("ends after its time, and leaves nothing on the signal", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const sleeping = sleep(clock, 1000, signal);
    await clock.advance(1000);
    await sleeping;
    expect(clock.pendingTimers).toBe(0);
  });

  test("ends with the reason of an abort, before and while it sleeps, and leaves no timer", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1000, controller.signal);
    const reason = new MillraceError("FENCED", "taken over");
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(sleep(clock, 1000, controller.signal)).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  test("wraps a reason that is none of ours", () => {
    const controller = new AbortController();
    controller.abort("enough");
    expect(abortError(controller.signal)).toMatchObject({
      code: "ABORTED",
      message: "the wait was aborted",
      cause: "enough",
    });
    expect(abortError(undefined)).not.toHaveProperty("cause");
  });
});

describe("The system's clock", () => {
  test("tells the time, and a disposed timer does not ring", async () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic());
    let rang = false;
    systemClock.timer(0, () => (rang = true))[Symbol.dispose]();
    await new Promise<void>((resolve) => void systemClock.timer(1, resolve));
    expect(rang).toBe(false);
  });
});
