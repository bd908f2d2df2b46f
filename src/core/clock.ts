/**
 * Time as a port: nothing outside this file and the fake clock reads the time or sets a timer, so that a test never
 * sleeps and the simulation owns the order of events.
 */
import { MillraceError } from "./errors.ts";

/** A source of time. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970. */
  now(): number;
  /** Time that never runs backwards, in milliseconds from an arbitrary start. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; disposing the timer cancels it. */
  timer(delayMs: number, callback: () => void): Disposable;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `delayMs`.
 *
 * @throws MillraceError ABORTED as soon as `signal` is aborted
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(abortError(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The error of an aborted wait; keeps the signal's reason as its cause, or is that reason if it is one of ours. */
export function abortError(signal: AbortSignal | undefined): MillraceError {
  const reason: unknown = signal?.reason;
  if (reason instanceof MillraceError) return reason;
  return new MillraceError("ABORTED", "the wait was aborted", { cause: reason });
}
