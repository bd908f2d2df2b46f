import { describe, expect, test } from "vitest";
import { GrowingInts } from "../../../src/task/growing-ints.ts";
import { packIndex } from "../../../src/task/index-memory.ts";

const arrays = [Int32Array.of(1, 2), new Int32Array(0), Int32Array.of(3)];

describe("packIndex()", () => {
  test("packs arrays behind each other into lent memory that just holds them", () => {
    const lent = new SharedArrayBuffer(12);
    expect(packIndex(lent, arrays)).toEqual({
      memory: null,
      slices: [
        { from: 0, length: 2 },
        { from: 2, length: 0 },
        { from: 2, length: 1 },
      ],
    });
    expect([...new Int32Array(lent)]).toEqual([1, 2, 3]);
  });

  test("makes memory of its own when they do not fit", () => {
    const lent = new SharedArrayBuffer(8);
    const { memory } = packIndex(lent, arrays);
    expect([...new Int32Array(memory ?? expect.unreachable())]).toEqual([1, 2, 3]);
    expect([...new Int32Array(lent)]).toEqual([0, 0]);
  });
});

describe("GrowingInts", () => {
  test("grows as needed and keeps its memory", () => {
    const ints = new GrowingInts(2);
    for (let value = 0; value < 5; value++) ints.push(value);
    expect([...ints.view()]).toEqual([0, 1, 2, 3, 4]);
    ints.length = 2;
    ints.push(9);
    expect([...ints.view()]).toEqual([0, 1, 9]);
    ints.clear();
    expect([ints.length, ints.view().length]).toEqual([0, 0]);
  });
});
