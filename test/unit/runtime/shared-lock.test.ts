import { describe, expect, test } from "vitest";
import { SharedLock } from "../../../src/runtime/shared-lock.ts";

/** Enters in turn; who is inside is told by `inside`. */
function entering(lock: SharedLock) {
  const permits = new Map<string, Disposable>();
  return {
    permits,
    enter: (name: string, how: "alone" | "together") =>
      void lock.enter(how).then((permit) => permits.set(name, permit)),
    leave(name: string): void {
      permits.get(name)?.[Symbol.dispose]();
      permits.delete(name);
    },
    inside: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return [...permits.keys()];
    },
  };
}

describe("SharedLock.enter()", () => {
  test("lets many in together, and one in alone once they have left", async () => {
    const { enter, leave, inside } = entering(new SharedLock());
    enter("a", "together");
    enter("b", "together");
    enter("c", "alone");
    expect(await inside()).toEqual(["a", "b"]);
    leave("a");
    expect(await inside()).toEqual(["b"]);
    leave("b");
    expect(await inside()).toEqual(["c"]);
  });

  test("keeps those out who come behind one that waits to be alone", async () => {
    const { enter, leave, inside } = entering(new SharedLock());
    enter("a", "together");
    enter("b", "alone");
    enter("c", "together");
    enter("d", "together");
    expect(await inside()).toEqual(["a"]);
    leave("a");
    expect(await inside()).toEqual(["b"]);
    leave("b");
    expect(await inside()).toEqual(["c", "d"]);
  });

  test("takes a permit that is disposed twice as one", async () => {
    const { enter, permits, inside } = entering(new SharedLock());
    enter("a", "together");
    enter("b", "together");
    enter("c", "alone");
    await inside();
    permits.get("a")?.[Symbol.dispose]();
    permits.get("a")?.[Symbol.dispose]();
    expect(await inside()).toEqual(["a", "b"]);
  });
});
