import { describe, expect, test } from "vitest";
import { RejectPlace } from "../../../src/actors/reject-place.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { rejectOf } from "../../support/deliveries.ts";

const stepTo = (ordinal: bigint, split = "a.csv") => ({
  split,
  from: 0n,
  to: { ordinal, token: "" },
  added: NO_COUNTS,
});
const at = (...ordinals: bigint[]): Reject[] => ordinals.map((ordinal) => rejectOf("a.csv", ordinal));

function placeOf(keptBefore: readonly [string, bigint][] = []) {
  const kept: bigint[] = [];
  const held: PromiseWithResolvers<void>[] = [];
  let working = 0;
  const append = async (rejects: readonly Reject[]): Promise<void> => {
    expect(++working).toBe(1);
    const gate = Promise.withResolvers<void>();
    held.push(gate);
    await gate.promise.finally(() => working--);
    kept.push(...rejects.map(({ position }) => position.ordinal));
  };
  return { place: new RejectPlace({ append, keptBefore: new Map(keptBefore) }), kept, held };
}

describe("RejectPlace", () => {
  test("keeps what several writers bring once, one call at a time", async () => {
    const { place, kept, held } = placeOf();
    const fast = place.keepCommon([stepTo(100n)], at(10n, 90n));
    const slow = place.keepCommon([stepTo(50n)], at(10n));
    const own = place.keepOwn([rejectOf("a.csv", 10n, { sink: "slow" })]);
    await Promise.resolve();
    held[0]?.resolve();
    await fast;
    await slow;
    await expect.poll(() => held.length).toBe(2);
    held[1]?.resolve();
    await own;
    await place.keepCommon([stepTo(100n)], at(90n));
    expect(kept).toEqual([10n, 90n, 10n]);
  });

  test("begins where the sink that is furthest stands, split by split", async () => {
    const { place, kept, held } = placeOf([["a.csv", 20n]]);
    const keeping = place.keepCommon([stepTo(30n), stepTo(5n, "b.csv")], [...at(19n, 20n), rejectOf("b.csv", 1n)]);
    await Promise.resolve();
    held[0]?.resolve();
    await keeping;
    expect(kept).toEqual([20n, 1n]);
  });

  test("lets the next writer try what failed for the one before", async () => {
    const { place, kept, held } = placeOf();
    const failed = place.keepCommon([stepTo(100n)], at(10n));
    const next = place.keepCommon([stepTo(50n)], at(10n));
    await Promise.resolve();
    held[0]?.reject(new MillraceError("STATE_UNAVAILABLE", "away"));
    await expect(failed).rejects.toMatchObject({ code: "STATE_UNAVAILABLE" });
    await expect.poll(() => held.length).toBe(2);
    held[1]?.resolve();
    await next;
    expect(kept).toEqual([10n]);
  });
});
