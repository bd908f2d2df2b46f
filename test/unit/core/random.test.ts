import { describe, expect, test } from "vitest";
import { originPosition } from "../../../src/core/position.ts";
import { newRunId, seededRandom } from "../../../src/core/random.ts";
import { threadEntry } from "../../../src/core/thread-entry.ts";

describe("seededRandom()", () => {
  test("replays its numbers, which lie in [0, 1) and are spread out", () => {
    const [first, second, other] = [seededRandom(7), seededRandom(7), seededRandom(8)];
    const numbers = Array.from({ length: 10_000 }, first);
    expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, second));
    expect(other()).not.toBe(numbers[0]);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    const tenths = Map.groupBy(numbers, (number) => Math.floor(number * 10));
    expect([...tenths.values()].every(({ length }) => length > 850 && length < 1150)).toBe(true);
  });
});

describe("newRunId()", () => {
  test("has 26 characters that sort by time", () => {
    const random = seededRandom(1);
    const ids = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47].map((now) => newRunId(now, random));
    expect(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
    expect(ids.toSorted()).toEqual(ids);
  });

  test("is the ULID of its time", () => {
    // The example of the ULID specification.
    expect(newRunId(1_469_918_176_385, () => 0)).toBe("01ARYZ6S410000000000000000");
  });

  test("differs within a millisecond", () => {
    const random = seededRandom(1);
    expect(new Set(Array.from({ length: 1000 }, () => newRunId(5, random))).size).toBe(1000);
  });
});

describe("originPosition()", () => {
  test("stands before the first record, with a line only where there is one", () => {
    expect(originPosition("7")).toEqual({ ordinal: 0n, token: "7" });
    expect(originPosition("7", 2)).toEqual({ ordinal: 0n, token: "7", line: 2 });
  });
});

describe("threadEntry()", () => {
  test.each([
    ["file:///src/pipeline/threads.ts", "file:///src/task/worker.ts"],
    ["file:///dist/pipeline/threads.js", "file:///dist/task/worker.js"],
    ["file:///dist/pipeline/threads.mjs?v=1", "file:///dist/task/worker.mjs"],
    ["file:///dist/pipeline/bundle", "file:///dist/task/worker.js"],
  ])("lies beside %s with its extension", (caller, entry) => {
    expect(threadEntry(caller, "../task/worker").href).toBe(entry);
  });
});
