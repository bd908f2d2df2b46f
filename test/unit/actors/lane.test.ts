import { describe, expect, test } from "vitest";
import { Lane, planLanes } from "../../../src/actors/lane.ts";

const never = new AbortController().signal;
const splits = ["a", "b", "c", "d", "e"].map((id) => ({ id, origin: "0" }));
const start = { splitIndex: 0, opening: { position: { ordinal: 1n, token: "4" }, moreThanBytes: 3 } };

describe("planLanes()", () => {
  test("puts all splits into one lane, in their order, or deals them out", () => {
    const names = (side: number) => planLanes(splits, side).map((lane) => lane.splits.map(({ id }) => id).join(""));
    expect(names(1)).toEqual(["abcde"]);
    expect(names(2)).toEqual(["ace", "bd"]);
    expect(names(9)).toEqual(["a", "b", "c", "d", "e"]);
    expect(planLanes(splits, 3).map(({ number }) => number)).toEqual([0, 1, 2]);
  });

  test("bounds what is under way of each of several lanes, and not that of one alone", async () => {
    const waits = async (side: number): Promise<boolean> => {
      const [{ turns }] = planLanes(splits, side, 1) as [Lane];
      await turns.enter(never);
      return (await Promise.race([turns.enter(never), Promise.resolve("waits")])) === "waits";
    };
    expect([await waits(1), await waits(2)]).toEqual([false, true]);
  });

  test("has one empty lane for no splits", () => {
    expect(planLanes([], 4).map((lane) => lane.splits)).toEqual([[]]);
  });
});

describe("Lane", () => {
  test("rewind() raises the generation, and is taken once", async () => {
    const lane = new Lane(0, splits);
    const word = lane.word();
    lane.rewind(start);
    await word;
    await lane.word();
    expect([lane.generation, lane.done]).toEqual([1, false]);
    expect(lane.takeRewind()).toBe(start);
    expect(lane.takeRewind()).toBeNull();
  });

  test("a second rewind takes the place of one that nobody has taken", () => {
    const lane = new Lane(0, splits);
    lane.rewind(start);
    const later = { ...start, splitIndex: 2 };
    lane.rewind(later);
    expect(lane.takeRewind()).toBe(later);
    expect(lane.generation).toBe(2);
  });

  test("finish() is the last word", async () => {
    const lane = new Lane(0, splits);
    const word = lane.word();
    lane.finish();
    await word;
    await lane.word();
    expect([lane.done, lane.takeRewind()]).toEqual([true, null]);
  });
});
