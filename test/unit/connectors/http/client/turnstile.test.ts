import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RateLimit, Turnstile } from "../../../../../src/connectors/http/client/turnstile.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { never } from "./support.ts";

const SECOND = 1_000;

/** When each of those who ask at `asked` may pass, by a bucket that is refilled drop by drop; whole milliseconds, as timers are. */
function bucket({ requests, per, burst = requests }: RateLimit, asked: readonly number[]): number[] {
  const perMs = requests / per;
  let [tokens, at, last] = [burst, 0, 0];
  return asked.map((time) => {
    const from = Math.max(time, last);
    tokens = Math.min(burst, tokens + (from - at) * perMs);
    const missing = Math.max(0, 1 - tokens);
    const passes = missing < 1e-9 ? from : Math.ceil(from + missing / perMs - 1e-9);
    tokens = Math.min(burst, tokens + (passes - from) * perMs) - 1;
    at = last = passes;
    return passes;
  });
}

describe("Turnstile.pass()", () => {
  test("lets through what a token bucket does, in the order in which they came", async () => {
    const limit = fc.record({
      requests: fc.integer({ min: 1, max: 8 }),
      per: fc.constantFrom(1, 100, SECOND),
      burst: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    });
    const pauses = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(limit, pauses, async (given, gaps) => {
        const clock = new FakeClock();
        using turnstile = new Turnstile(given, clock);
        const passed: [number, number][] = [];
        const asked: number[] = [];
        for (const [index, gap] of gaps.entries()) {
          await clock.advance(gap);
          asked.push(clock.monotonic());
          const turn = turnstile.pass(never) ?? Promise.resolve();
          void turn.then(() => passed.push([index, clock.monotonic()]));
        }
        await clock.advance(gaps.length * SECOND);
        expect(passed).toEqual(bucket(given, asked).map((time, index) => [index, time]));
      }),
      { numRuns: 60 },
    );
  });

  test("waits for nobody without a limit", () => {
    using turnstile = new Turnstile(undefined, new FakeClock());
    for (let index = 0; index < 100; index++) expect(turnstile.pass(never)).toBeUndefined();
  });

  test("gives the place of one that is aborted to the next", async () => {
    const clock = new FakeClock();
    using turnstile = new Turnstile({ requests: 1, per: SECOND }, clock);
    expect(turnstile.pass(never)).toBeUndefined();
    const stop = new AbortController();
    const first = expect(turnstile.pass(stop.signal)).rejects.toMatchObject({ code: "ABORTED" });
    let passed = false;
    void turnstile.pass(never)?.then(() => (passed = true));
    stop.abort();
    await first;
    await clock.advance(SECOND);
    expect(passed).toBe(true);
  });

  test("is held shut for everybody, as long as the longest wait says", async () => {
    const clock = new FakeClock();
    using turnstile = new Turnstile(undefined, clock);
    turnstile.holdBack(3 * SECOND);
    let passed = 0;
    for (const _ of [1, 2]) void turnstile.pass(never)?.then(() => passed++);
    turnstile.holdBack(5 * SECOND);
    turnstile.holdBack(SECOND);
    await clock.advance(5 * SECOND - 1);
    expect(passed).toBe(0);
    await clock.advance(1);
    expect(passed).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });

  test("ends when it is disposed of", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(undefined, clock);
    turnstile.holdBack(SECOND);
    const waiting = expect(turnstile.pass(never)).rejects.toMatchObject({ code: "CLOSED" });
    turnstile[Symbol.dispose]();
    await waiting;
    expect(clock.pendingTimers).toBe(0);
  });
});
