import { describe, expect, test } from "vitest";
import type { SharedObject } from "../../../src/core/ports/shared-objects.ts";
import { NOT_SHARED, ObjectsInCommon } from "../../../src/runtime/shared-objects.ts";

class Cup implements SharedObject {
  isEmpty = false;
  closed = 0;
  get figures() {
    return { name: "cup", max: 1, size: this.isEmpty ? 0 : 1, lent: 0, waiting: 0 };
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed++;
  }
}

const make = (): Cup => new Cup();

describe("ObjectsInCommon.join()", () => {
  test("gives everybody the object that the first one made, of each key its own", () => {
    const objects = new ObjectsInCommon();
    const first = objects.join("a", make);
    expect(objects.join("a", make).object).toBe(first.object);
    expect(objects.join("b", make).object).not.toBe(first.object);
    expect(objects.figures).toHaveLength(2);
  });

  test("keeps what is left with something in it for who comes next, and lets go of what is empty", async () => {
    const objects = new ObjectsInCommon();
    const [first, second] = [objects.join("a", make), objects.join("a", make)];
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    first.object.isEmpty = true;
    expect(objects.join("b", make).object.closed).toBe(0);
    // the second one is still in
    expect(first.object.closed).toBe(0);
    first.object.isEmpty = false;
    await second[Symbol.asyncDispose]();
    expect(objects.join("a", make).object).toBe(first.object);
    const other = objects.join("c", make);
    await other[Symbol.asyncDispose]();
    other.object.isEmpty = true;
    expect(objects.join("c", make).object).not.toBe(other.object);
    expect(other.object.closed).toBe(1);
  });

  test("lets go of all at the end, also of what is used", async () => {
    const objects = new ObjectsInCommon();
    const { object } = objects.join("a", make);
    await objects[Symbol.asyncDispose]();
    expect(object.closed).toBe(1);
    expect(objects.figures).toEqual([]);
  });
});

test("NOT_SHARED.join() gives each its own, which goes with it", async () => {
  const [first, second] = [NOT_SHARED.join("a", make), NOT_SHARED.join("a", make)];
  expect(first.object).not.toBe(second.object);
  await first[Symbol.asyncDispose]();
  expect([first.object.closed, second.object.closed]).toEqual([1, 0]);
});
