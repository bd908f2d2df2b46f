/** One stretch of failures that may pass by themselves: how long to wait between attempts, and when to give up. */
import { abortError, type Clock, sleep } from "../core/clock.ts";
import { isMillraceError, MillraceError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { causesOf } from "../core/thrown.ts";
import type { StageName } from "../core/timing.ts";
import { Backoff, type BackoffOptions } from "../runtime/backoff.ts";
import type { Emit } from "./messages.ts";

/** A job's `retry`. */
export interface RetryPolicy extends BackoffOptions {
  /** How long an outage may last, in milliseconds; Infinity for jobs that never end. */
  readonly forMs: number;
}

/** What an {@link Outage} needs. */
export interface OutageOptions {
  readonly policy: RetryPolicy;
  readonly stage: StageName;
  /** The sink that it is about. */
  readonly sink?: string;
  /** When the run last moved although this lasts, in the clock's monotonic milliseconds: only what came after counts. */
  readonly movedAt?: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
}

/** Begins with the first failure; make a new one for the next outage. */
export class Outage {
  readonly #options: OutageOptions;
  readonly #backoff: Backoff;
  #since: number | null = null;

  constructor(options: OutageOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.policy, options.random);
  }

  /**
   * Waits before the next attempt.
   *
   * @throws MillraceError RETRIES_EXHAUSTED when the outage has lasted longer than the policy allows
   * @throws MillraceError ABORTED once `signal` is aborted
   */
  async pause(error: MillraceError, signal: AbortSignal): Promise<void> {
    const { policy, stage, sink, movedAt, clock, emit } = this.#options;
    // Whoever was ended meanwhile met its own end, and there is no outage to tell.
    if (signal.aborted) throw abortError(signal);
    const now = clock.monotonic();
    this.#since ??= now;
    const lasted = now - Math.max(this.#since, movedAt?.() ?? this.#since);
    // To wait as long as the other side asks for, only to give up then, helps nobody.
    if (lasted >= policy.forMs || lasted + (retryAfterOf(error) ?? 0) > policy.forMs) {
      const seconds = Math.round((now - this.#since) / 1000);
      throw new MillraceError(
        "RETRIES_EXHAUSTED",
        `${error.message}; tried ${this.#backoff.attempts + 1} times in ${seconds} s (retry.for). What is committed stays: run it again and it goes on`,
        { cause: error },
      );
    }
    const delayMs = Math.max(this.#backoff.next(), retryAfterOf(error) ?? 0);
    emit({
      kind: "retrying",
      stage,
      ...(sink === undefined ? {} : { sink }),
      attempt: this.#backoff.attempts,
      delayMs,
      code: error.code,
      reason: reasonOf(error),
      message: error.message,
      ...causesOf(error),
    });
    await sleep(clock, delayMs, signal);
  }
}

/** How long the other side asks to be left alone, in milliseconds. */
function retryAfterOf({ details }: MillraceError): number | undefined {
  const { retryAfterMs } = details;
  return typeof retryAfterMs === "number" ? retryAfterMs : undefined;
}

/**
 * Why, in one word: what the server or the system calls it, else our own code. That a COMMIT went unanswered is worth more
 * than how its connection was lost.
 */
function reasonOf({ code, cause, details }: MillraceError): string {
  if (typeof details["status"] === "number") return `HTTP ${details["status"]}`;
  if (code === "COMMIT_AMBIGUOUS" || !(cause instanceof Error) || !("code" in cause)) return code;
  return typeof cause.code === "string" ? cause.code : code;
}

/**
 * Does something until it succeeds, waiting out transient faults.
 *
 * @throws whatever else it throws; MillraceError RETRIES_EXHAUSTED, ABORTED
 */
export async function retrying<T>(attempt: () => Promise<T>, options: OutageOptions, signal: AbortSignal): Promise<T> {
  const outage = new Outage(options);
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!isMillraceError(thrown) || !thrown.retryable) throw thrown;
      await outage.pause(thrown, signal);
    }
  }
}
