import { expect, test } from "vitest";
import { RecentCounts } from "../../../src/actors/recent-counts.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

test("RecentCounts.upTo() forgets what is older than five minutes, within five seconds", async () => {
  const clock = new FakeClock(0);
  const recent = new RecentCounts(clock);
  const total = (read: number) => recent.upTo({ ...NO_COUNTS, read }).read;
  expect(total(100)).toBe(100);
  await clock.advance(299_000);
  expect(total(150)).toBe(150);
  await clock.advance(6_000);
  expect(total(160)).toBe(160);
  await clock.advance(295_000);
  expect(total(161)).toBe(11);
  await clock.advance(600_000);
  expect(total(161)).toBe(0);
});
