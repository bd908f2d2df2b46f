import { describe, expect, it } from "vitest";
import { checkRestartPolicy, judgeRestart, type RestartHistory } from "../../../src/runtime/restart-policy.ts";

/** The verdicts on restarts at these times, each with the history of the one before. */
function verdicts(intensity: number, periodMs: number, times: readonly number[]): string[] {
  let history: RestartHistory = [];
  return times.map((time) => {
    const verdict = judgeRestart({ intensity, periodMs }, history, time);
    history = verdict.history;
    return verdict.kind;
  });
}

describe("judgeRestart()", () => {
  it("bears `intensity` restarts within the period and gives up at one more", () => {
    expect(verdicts(2, 1_000, [0, 10, 20])).toEqual(["restart", "restart", "give-up"]);
  });

  it("gives up at the first restart with intensity 0, never with Infinity", () => {
    expect(verdicts(0, 1_000, [0])).toEqual(["give-up"]);
    expect(verdicts(Infinity, 1_000, Array<number>(50).fill(0))).not.toContain("give-up");
  });

  it("counts a restart exactly one period ago, and no older one", () => {
    expect(verdicts(1, 1_000, [0, 1_000])).toEqual(["restart", "give-up"]);
    expect(verdicts(1, 1_000, [0, 1_001])).toEqual(["restart", "restart"]);
  });

  it("slides: old restarts leave one by one", () => {
    expect(verdicts(2, 1_000, [0, 900, 1_001, 1_902, 1_950])).toEqual([
      "restart",
      "restart",
      "restart",
      "restart",
      "give-up",
    ]);
  });

  it("keeps no more than what may still count, and changes nothing it was given", () => {
    const history = Object.freeze([0, 10, 990]);
    expect(judgeRestart({ intensity: 9, periodMs: 100 }, history, 1_000).history).toEqual([990, 1_000]);
  });
});

describe("checkRestartPolicy()", () => {
  it.each([
    [-1, 1_000],
    [Number.NaN, 1_000],
    [1, 0],
    [1, Number.NaN],
  ])("refuses intensity %d and period %d", (intensity, periodMs) => {
    expect(() => checkRestartPolicy({ intensity, periodMs })).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
