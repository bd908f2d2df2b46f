/** The whole runtime in memory, seed after seed. `SEEDS=100000 FIRST=1` says how many and from where. */
import { describe, expect, test } from "vitest";
import { APIS, FAN_OUT, LIVE, MODES, REPLAYS } from "./plan.ts";
import { simulate } from "./simulate.ts";

const first = Number(process.env["FIRST"] ?? 1);
const seeds = Number(process.env["SEEDS"] ?? 1_000);
const PER_TEST = 250;

/** Stretches of seeds from `begin` on, as many as asked for. */
function stretches(begin: number, count: number): (readonly [begin: number, end: number])[] {
  return Array.from({ length: Math.ceil(count / PER_TEST) }, (_, index) => {
    const start = begin + index * PER_TEST;
    return [start, Math.min(start + PER_TEST, begin + count)] as const;
  });
}

describe("The runtime under simulation", () => {
  // Some with one sink, some with several, some with other modes of transforms, some with replays of what they rejected,
  // some with a live source that processes share, some with APIs.
  const some = (share: number): number => Math.ceil(seeds * share);
  const all = [
    ...stretches(first, some(0.25)),
    ...stretches(FAN_OUT + first, some(0.25)),
    ...stretches(MODES + first, some(0.1)),
    ...stretches(REPLAYS + first, some(0.2)),
    ...stretches(LIVE + first, some(0.2)),
    ...stretches(APIS + first, some(0.2)),
  ];
  test.each(all)("keeps every invariant from seed %i on", async (start, end) => {
    for (let seed = start; seed < end; seed++) {
      const { violations } = await simulate(seed);
      expect(violations, `seed ${seed}; to replay it: SEED=${seed} npm run simulate`).toEqual([]);
    }
  });

  test("does the same for the same seed, step by step", async () => {
    const [one, two]: [string[], string[]] = [[], []];
    for (const seed of [11, LIVE + 11]) {
      await simulate(seed, (line) => one.push(line));
      await simulate(seed, (line) => two.push(line));
    }
    expect(one.length).toBeGreaterThan(100);
    expect(two).toEqual(one);
  });
});
