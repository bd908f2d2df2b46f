import { describe, expect, test } from "vitest";
import { CommitOrder } from "../../../../src/connectors/postgres/sink/commit-order.ts";

const nothing = async (): Promise<void> => {};

describe("CommitOrder.run()", () => {
  test("runs works in the order of their calls, however long their preparations take", async () => {
    const order = new CommitOrder();
    const done: string[] = [];
    const slow = Promise.withResolvers<void>();
    const first = order.run(
      () => slow.promise,
      async () => void done.push("first"),
    );
    const second = order.run(
      async () => void done.push("prepared"),
      async () => void done.push("second"),
    );
    await Promise.resolve();
    expect(done).toEqual(["prepared"]);
    slow.resolve();
    await Promise.all([first, second]);
    expect(done).toEqual(["prepared", "first", "second"]);
  });

  test("fails the one behind a failed one, and not those asked for later", async () => {
    const order = new CommitOrder();
    const refused = new Error("refused");
    const first = order.run(nothing, () => Promise.reject(refused));
    const second = order.run(nothing, () => expect.unreachable("it must not run"));
    await expect(first).rejects.toBe(refused);
    await expect(second).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
    let ran = false;
    await order.run(nothing, async () => {
      ran = true;
    });
    expect(ran).toBe(true);
  });

  test("counts a failed preparation as a failure", async () => {
    const order = new CommitOrder();
    const first = order.run(() => Promise.reject(new Error("bad row")), nothing);
    const second = order.run(nothing, nothing);
    await expect(first).rejects.toThrow("bad row");
    await expect(second).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
  });
});
