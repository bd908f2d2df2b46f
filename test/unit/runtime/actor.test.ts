import { describe, expect, it } from "vitest";
import { sleep } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { type Actor, type ActorContext, type Exit, startActor } from "../../../src/runtime/actor.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

function start(actor: Actor, killGraceMs?: number) {
  const clock = new FakeClock();
  const running = startActor("worker", actor, { clock, ...(killGraceMs === undefined ? {} : { killGraceMs }) });
  const seen: { exit?: Exit } = {};
  void running.wait().then((exit) => {
    seen.exit = exit;
  });
  return { clock, running, seen };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
const forever = (): Promise<void> => new Promise(() => undefined);

describe("startActor()", () => {
  it("runs init, then run, and ends normally", async () => {
    const calls: string[] = [];
    const { running } = start({
      init: async ({ name }) => void calls.push(`init ${name}`),
      run: async ({ name }) => void calls.push(`run ${name}`),
    });
    expect(calls).toEqual([]);
    expect(await running.ready()).toBe(true);
    expect(await running.wait()).toEqual({ kind: "normal" });
    expect(calls).toEqual(["init worker", "run worker"]);
  });

  it("needs no init", async () => {
    const { running } = start({ run: async () => undefined });
    expect(await running.ready()).toBe(true);
  });

  it("does not run what failed to get ready", async () => {
    const fault = new TypeError("not ready");
    const { running } = start({
      init: () => {
        throw fault;
      },
      run: () => expect.fail("must not run"),
    });
    expect(await running.ready()).toBe(false);
    expect(await running.wait()).toEqual({ kind: "failed", error: fault });
  });

  it("makes a failure of run the exit", async () => {
    const fault = new MillraceError("SINK_FAILED", "no");
    const { running } = start({ run: () => Promise.reject(fault) });
    expect(await running.wait()).toEqual({ kind: "failed", error: fault });
  });
});

describe("RunningActor.stop()", () => {
  it("aborts `stopping` only, and lets the actor finish", async () => {
    const { running, clock } = start({
      run: async ({ stopping, killed }) => {
        await aborted(stopping);
        expect(killed.aborted).toBe(false);
      },
    });
    running.stop(1_000);
    expect(await running.wait()).toEqual({ kind: "normal" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("takes the abort of the stopping signal for obedience", async () => {
    const { running } = start({ run: ({ stopping }) => sleep(new FakeClock(), 60_000, stopping) });
    running.stop(1_000);
    expect(await running.wait()).toEqual({ kind: "normal" });
  });

  it("hides no other failure during the stop", async () => {
    const fault = new MillraceError("ABORTED", "another abort");
    const { running } = start({ run: ({ stopping }) => aborted(stopping).then(() => Promise.reject(fault)) });
    running.stop(1_000);
    expect(await running.wait()).toEqual({ kind: "failed", error: fault });
  });

  it("kills at the deadline, not before", async () => {
    const { running, clock, seen } = start({ run: ({ killed }) => aborted(killed) });
    running.stop(1_000);
    await clock.advance(999);
    expect(seen.exit).toBeUndefined();
    await clock.advance(1);
    expect(seen.exit).toEqual({ kind: "killed", reason: "not stopped within 1000 ms", abandoned: false });
  });

  it("never kills with a deadline of Infinity", async () => {
    const { running, clock, seen } = start({ run: forever });
    running.stop(Infinity);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(1e9);
    expect(seen.exit).toBeUndefined();
  });

  it("counts the earliest of several deadlines", async () => {
    const { running, clock, seen } = start({ run: ({ killed }) => aborted(killed) });
    running.stop(500);
    running.stop(1_000);
    await clock.advance(500);
    expect(seen.exit).toMatchObject({ kind: "killed" });
  });

  it("during init still runs what got ready, so that it can clean up", async () => {
    const gate = Promise.withResolvers<void>();
    const contexts: ActorContext[] = [];
    const { running } = start({ init: () => gate.promise, run: async (context) => void contexts.push(context) });
    running.stop(1_000);
    gate.resolve();
    expect(await running.wait()).toEqual({ kind: "normal" });
    expect(contexts[0]?.stopping.aborted).toBe(true);
  });

  it("does nothing after the end", async () => {
    const { running, clock } = start({ run: async () => undefined });
    await running.wait();
    running.stop(1_000);
    running.kill();
    expect(clock.pendingTimers).toBe(0);
    expect(await running.wait()).toEqual({ kind: "normal" });
  });
});

describe("RunningActor.kill()", () => {
  it("aborts both signals with the reason as cause, and the end is the kill's", async () => {
    const { running } = start({
      run: async ({ stopping, killed }) => {
        await aborted(stopping);
        expect(killed.aborted).toBe(true);
        throw killed.reason;
      },
    });
    await running.ready();
    running.kill("enough");
    expect(await running.wait()).toEqual({ kind: "killed", reason: "enough", abandoned: false });
  });

  it("gives the aborted waits its reason", async () => {
    const reasons: unknown[] = [];
    const { running } = start({ run: ({ killed }) => aborted(killed).then(() => void reasons.push(killed.reason)) });
    await running.ready();
    running.kill("enough");
    await running.wait();
    expect(reasons).toEqual([expect.objectContaining({ code: "ABORTED", cause: "enough" })]);
  });

  it("abandons an actor that ignores it, after the grace", async () => {
    const { running, clock, seen } = start({ run: forever }, 250);
    await running.ready();
    running.kill("enough");
    running.kill("again");
    await clock.advance(249);
    expect(seen.exit).toBeUndefined();
    await clock.advance(1);
    expect(seen.exit).toEqual({ kind: "killed", reason: "enough", abandoned: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it("abandons one that hangs in init, which is then not ready", async () => {
    const { running, clock } = start({ init: forever, run: forever });
    await clock.advance(0);
    running.kill();
    await clock.advance(5_000);
    expect(await running.ready()).toBe(false);
    expect(await running.wait()).toMatchObject({ kind: "killed", abandoned: true });
  });

  it("swallows what an abandoned actor still throws", async () => {
    const late = Promise.withResolvers<void>();
    const { running, clock } = start({ run: () => late.promise }, 10);
    await running.ready();
    running.kill();
    await clock.advance(10);
    late.reject(new TypeError("too late"));
    expect(await running.wait()).toMatchObject({ abandoned: true });
  });

  it("keeps what has not begun from beginning", async () => {
    const { running } = start({ init: () => expect.fail("must not begin"), run: () => expect.fail("must not run") });
    running.kill();
    expect(await running.wait()).toMatchObject({ kind: "killed", abandoned: false });
    expect(await running.ready()).toBe(false);
  });

  it("during init keeps run from being called", async () => {
    const gate = Promise.withResolvers<void>();
    const { running, clock } = start({ init: () => gate.promise, run: () => expect.fail("must not run") });
    await clock.advance(0);
    running.kill();
    gate.resolve();
    expect(await running.wait()).toMatchObject({ kind: "killed", abandoned: false });
  });
});
