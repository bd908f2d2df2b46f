import { describe, expect, it } from "vitest";
import { Fifo } from "../../../src/runtime/fifo.ts";

function filled(...values: number[]) {
  const queue = new Fifo<number>();
  return { queue, entries: values.map((value) => queue.push(value)) };
}

describe("Fifo", () => {
  it("gives back in order, and undefined when it is empty", () => {
    const { queue } = filled(1, 2);
    expect([queue.peek(), queue.shift(), queue.shift(), queue.shift(), queue.peek()]).toEqual([
      1,
      1,
      2,
      undefined,
      undefined,
    ]);
  });

  it.each([0, 1, 2])("closes the gap where entry %d is removed, once", (index) => {
    const { queue, entries } = filled(0, 1, 2);
    const entry = entries[index] ?? expect.fail();
    expect(queue.remove(entry)).toBe(true);
    expect(queue.remove(entry)).toBe(false);
    queue.push(3);
    expect([...queue]).toEqual([0, 1, 2, 3].filter((value) => value !== index));
    expect(queue.size).toBe(3);
  });

  it("gives all at once and is empty then", () => {
    const { queue, entries } = filled(1, 2);
    expect(queue.takeAll()).toEqual([1, 2]);
    expect(queue.size).toBe(0);
    expect(entries.map((entry) => queue.remove(entry))).toEqual([false, false]);
    queue.push(3);
    expect(queue.takeAll()).toEqual([3]);
  });
});
