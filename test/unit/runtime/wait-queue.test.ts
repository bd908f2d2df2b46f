import { describe, expect, it } from "vitest";
import { WaitQueue } from "../../../src/runtime/wait-queue.ts";

describe("WaitQueue", () => {
  it("ends waits in the order in which they came", async () => {
    const queue = new WaitQueue<string, number>();
    const waits = [queue.wait(1), queue.wait(2)];
    expect(queue.head).toBe(1);
    expect(queue.succeedHead("one")).toBe(true);
    expect(queue.head).toBe(2);
    queue.succeedAll("rest");
    expect(await Promise.all(waits)).toEqual(["one", "rest"]);
    expect(queue.succeedHead("nobody")).toBe(false);
    expect(queue.head).toBeUndefined();
  });

  it("lets nobody in whose signal is aborted already", async () => {
    const queue = new WaitQueue<string>();
    await expect(queue.wait(undefined, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    expect(queue.size).toBe(0);
  });

  it("tells when an aborted waiter has left", async () => {
    const queue = new WaitQueue<string>();
    const controller = new AbortController();
    const sizes: number[] = [];
    const wait = queue.wait(undefined, controller.signal, () => sizes.push(queue.size));
    controller.abort();
    await expect(wait).rejects.toMatchObject({ code: "ABORTED" });
    expect(sizes).toEqual([0]);
  });

  it("fails all", async () => {
    const queue = new WaitQueue<string>();
    const fault = new RangeError("over");
    const wait = queue.wait(undefined);
    queue.failAll(fault);
    await expect(wait).rejects.toBe(fault);
    expect(queue.size).toBe(0);
  });
});
