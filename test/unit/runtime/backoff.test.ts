import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/core/random.ts";
import { Backoff, type BackoffOptions, backoffDelayMs, MAX_TIMER_MS } from "../../../src/runtime/backoff.ts";

const PLAIN: BackoffOptions = { initialDelayMs: 100, maxDelayMs: 1_000, multiplier: 2, jitter: "none" };
const never = (): number => {
  throw new RangeError("no jitter, no dice");
};

describe("Backoff.next()", () => {
  it("grows by the multiplier up to the longest delay", () => {
    const backoff = new Backoff(PLAIN, never);
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(backoff.attempts).toBe(6);
  });

  it("begins again after reset()", () => {
    const backoff = new Backoff(PLAIN, never);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.attempts).toBe(0);
    expect(backoff.next()).toBe(100);
  });

  it("lies anywhere between zero and the bound with full jitter", () => {
    const full: BackoffOptions = { ...PLAIN, jitter: "full" };
    expect(new Backoff(full, () => 0).next()).toBe(0);
    expect(new Backoff(full, () => 0.5).next()).toBe(50);
    const random = seededRandom(1);
    const delays = Array.from({ length: 2_000 }, () => backoffDelayMs(full, 3, random));
    expect(Math.min(...delays)).toBeLessThan(20);
    expect(Math.max(...delays)).toBeGreaterThan(780);
    expect(Math.max(...delays)).toBeLessThanOrEqual(800);
  });

  it("survives any number of attempts", () => {
    expect(backoffDelayMs(PLAIN, 1e9, never)).toBe(1_000);
    expect(backoffDelayMs({ ...PLAIN, multiplier: 1e300 }, 1e9, never)).toBe(1_000);
    expect(backoffDelayMs({ ...PLAIN, initialDelayMs: 0 }, 1e9, never)).toBe(0);
  });
});

describe("new Backoff()", () => {
  it.each([
    { initialDelayMs: -1 },
    { initialDelayMs: 2_000 },
    { maxDelayMs: MAX_TIMER_MS + 1 },
    { maxDelayMs: Number.NaN },
    { multiplier: 0.5 },
    { multiplier: Infinity },
  ])("refuses %o", (wrong) => {
    expect(() => new Backoff({ ...PLAIN, ...wrong }, never)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
