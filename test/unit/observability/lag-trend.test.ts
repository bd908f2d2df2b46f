import { expect, test } from "vitest";
import { LagTrend } from "../../../src/observability/lag-trend.ts";

test("LagTrend.fallsBehind() says so once when the lag has grown for a minute, and again when it had been caught up", () => {
  const trend = new LagTrend();
  const told = (lags: readonly number[], from: number): number[] =>
    lags.flatMap((lag, step) => (trend.fallsBehind((from + step) * 10_000, lag) ? [lag] : []));
  expect(told([5, 6, 7, 8, 9, 10, 11, 12, 13], 0)).toEqual([11]);
  expect(told([12, 13, 14, 15, 16, 17, 18, 19, 20], 9)).toEqual([]);
  expect(told([0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9], 18)).toEqual([7]);
});
