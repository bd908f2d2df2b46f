/** Growing pauses between attempts, so that what is overloaded or down is not hammered. */
import { MillraceError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";

/** How pauses grow. */
export interface BackoffOptions {
  /** The upper bound of the first pause, in milliseconds. */
  readonly initialDelayMs: number;
  /** The upper bound of every pause, in milliseconds; at most {@link MAX_TIMER_MS}. */
  readonly maxDelayMs: number;
  /** By how much the bound grows from one attempt to the next; at least 1. */
  readonly multiplier: number;
  /** `full`: anywhere between zero and the bound; `none`: the bound itself. */
  readonly jitter: "full" | "none";
}

/** The longest timer that Node's `setTimeout` keeps, in milliseconds (24.8 days); it fires a longer one at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/**
 * The pauses of one series of attempts. With full jitter the clients of a failed server come back spread out and not in
 * waves.
 *
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015:
 * `sleep = random_between(0, min(cap, base * 2 ** attempt))`.
 *
 * @example
 * const backoff = new Backoff({ initialDelayMs: 100, maxDelayMs: 1_000, multiplier: 2, jitter: "none" }, systemRandom);
 * [backoff.next(), backoff.next()]; // [100, 200]
 * backoff.reset();
 * backoff.next(); // 100
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #attempts = 0;

  /** @throws MillraceError USAGE if the options contradict each other */
  constructor(options: BackoffOptions, random: Random) {
    checkBackoff(options);
    this.#options = options;
    this.#random = random;
  }

  /** How many pauses have been asked for since the start or the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The next pause, in whole milliseconds. */
  next(): number {
    return backoffDelayMs(this.#options, this.#attempts++, this.#random);
  }

  /** Begins again with the first pause, after a success. */
  reset(): void {
    this.#attempts = 0;
  }
}

/**
 * The pause before one attempt, for callers that count their attempts themselves.
 *
 * @param attempt how many pauses went before
 */
export function backoffDelayMs(options: BackoffOptions, attempt: number, random: Random): number {
  const { initialDelayMs, maxDelayMs, multiplier, jitter } = options;
  // A power that overflows is Infinity, which the cap takes care of; but 0 * Infinity would be NaN.
  const bound = initialDelayMs === 0 ? 0 : Math.min(maxDelayMs, initialDelayMs * multiplier ** attempt);
  return Math.round(jitter === "full" ? random() * bound : bound);
}

/** @throws MillraceError USAGE if the options contradict each other */
export function checkBackoff({ initialDelayMs, maxDelayMs, multiplier }: BackoffOptions): void {
  const ordered = initialDelayMs >= 0 && initialDelayMs <= maxDelayMs && maxDelayMs <= MAX_TIMER_MS;
  if (ordered && multiplier >= 1 && Number.isFinite(multiplier)) return;
  throw new MillraceError(
    "USAGE",
    `back-off: needs 0 <= initialDelayMs (${initialDelayMs}) <= maxDelayMs (${maxDelayMs}) <= ${MAX_TIMER_MS} and multiplier (${multiplier}) >= 1`,
  );
}
