import { describe, expect, test } from "vitest";
import { Window } from "../../../src/actors/window.ts";

const never = new AbortController().signal;

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) !== pending;
}

describe("Window", () => {
  test("lets in as many as it has places and the next when one leaves", async () => {
    const window = new Window(2);
    await window.enter(never);
    await window.enter(never);
    const [third, fourth] = [window.enter(never), window.enter(never)];
    expect(await isSettled(third)).toBe(false);
    window.leave();
    await third;
    expect(await isSettled(fourth)).toBe(false);
    window.leave();
    await fourth;
    window.leave();
    window.leave();
    await window.enter(never);
  });

  test("gives up a wait whose signal is aborted", async () => {
    const window = new Window(1);
    await window.enter(never);
    const controller = new AbortController();
    const waiting = window.enter(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("abort() fails who waits and who comes later, with the first error", async () => {
    const window = new Window(1);
    await window.enter(never);
    const waiting = window.enter(never);
    window.abort(new RangeError("first"));
    window.abort(new RangeError("second"));
    await expect(waiting).rejects.toThrow("first");
    window.leave();
    await expect(window.enter(never)).rejects.toThrow("first");
  });
});
