/** The whole runtime in memory, seed after seed. `SEEDS=100000 FIRST=1` says how many and from where. */
import { describe, expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const first = Number(process.env["FIRST"] ?? 1);
const seeds = Number(process.env["SEEDS"] ?? 1_000);
const PER_TEST = 250;

describe("The runtime under simulation", () => {
  const starts = Array.from({ length: Math.ceil(seeds / PER_TEST) }, (_, index) => first + index * PER_TEST);
  test.each(starts)("keeps every invariant from seed %i on", async (start) => {
    for (let seed = start; seed < Math.min(start + PER_TEST, first + seeds); seed++) {
      const { violations } = await simulate(seed);
      expect(violations, `seed ${seed}; to replay it: SEED=${seed} npm run simulate`).toEqual([]);
    }
  });

  test("does the same for the same seed, step by step", async () => {
    const [one, two]: [string[], string[]] = [[], []];
    await simulate(11, (line) => one.push(line));
    await simulate(11, (line) => two.push(line));
    expect(one.length).toBeGreaterThan(100);
    expect(two).toEqual(one);
  });
});
