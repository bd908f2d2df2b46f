/** Waits that end early. */
import { onAbort } from "../../../../core/abort.ts";
import { systemClock } from "../../../../core/clock.ts";

/** Waits, and no longer than until `signal` is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = systemClock.timer(delayMs, resolve);
  using _abort = onAbort(signal, resolve);
  await promise;
}

/** What `work` gives; undefined as soon as `signal` is aborted, and what comes later is nobody's. */
export async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  using _abort = onAbort(signal, () => aborted.resolve(undefined));
  work.catch(() => {});
  return await Promise.race([aborted.promise, work]);
}

/** Waits for `work` a while, whether it succeeds or not. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = systemClock.timer(limitMs, resolve);
  await Promise.race([work.catch(() => {}), promise]);
}
