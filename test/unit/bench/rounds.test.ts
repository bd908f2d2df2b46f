import { describe, expect, test } from "vitest";
import { measureInRounds } from "../../../src/bench/rounds.ts";

describe("measureInRounds()", () => {
  test("measures each candidate once a round, and begins each round with another one", async () => {
    const order: string[] = [];
    const samples = await measureInRounds({
      candidates: ["a", "b", "c"],
      count: 4,
      measure: async (candidate, round) => {
        order.push(`${candidate}${round}`);
        return round;
      },
    });
    expect(order.join(" ")).toBe("a0 b0 c0 b1 c1 a1 c2 a2 b2 a3 b3 c3");
    expect([...samples]).toEqual([
      ["a", [0, 1, 2, 3]],
      ["b", [0, 1, 2, 3]],
      ["c", [0, 1, 2, 3]],
    ]);
  });

  test("leaves out a candidate that could not be measured, with what it gave before", async () => {
    const asked: string[] = [];
    const samples = await measureInRounds({
      candidates: ["good", "bad"],
      count: 3,
      measure: async (candidate, round) => {
        asked.push(candidate);
        return candidate === "bad" && round === 1 ? null : round;
      },
    });
    expect([...samples]).toEqual([["good", [0, 1, 2]]]);
    expect(asked.filter((candidate) => candidate === "bad")).toHaveLength(2);
  });

  test("gives what there is of no candidates", async () => {
    expect((await measureInRounds({ candidates: [], count: 2, measure: async () => 1 })).size).toBe(0);
  });
});
