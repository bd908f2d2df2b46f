/** Randomness and identity as ports, so that a seed replays a run. */

/** A source of uniformly distributed numbers in [0, 1). */
export type Random = () => number;

/** The machine's randomness. */
export const systemRandom: Random = Math.random;

/**
 * A seeded generator for tests and simulations.
 *
 * Source: Tommy Ettinger's mulberry32 (public domain), a 32-bit state with a full period.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * A run's id: 26 characters that sort by time (ULID: 48 bits of milliseconds, 80 random bits, Crockford's base 32).
 *
 * @param nowMs wall-clock milliseconds
 */
export function newRunId(nowMs: number, random: Random): string {
  let time = "";
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = (CROCKFORD[rest % 32] ?? "0") + time;
  let tail = "";
  for (let i = 0; i < 16; i++) tail += CROCKFORD[Math.floor(random() * 32)] ?? "0";
  return time + tail;
}
