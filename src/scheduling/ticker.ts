/**
 * What moves schedules on: a tick about once a second. A tick looks at the wall clock, so that a clock that jumps, a
 * machine that slept and a timer beyond `setTimeout`'s 24.8 days need nothing special.
 */
import type { Clock } from "../core/clock.ts";

/** Calls a listener about once a second until disposed. */
export type Ticker = (listener: () => void) => Disposable;

/** Every second; the rest about time is ours, in UTC. */
const EVERY_SECOND = "* * * * * *";

/** node-cron's ticks, loaded when they are needed. */
export async function nodeCronTicker(): Promise<Ticker> {
  const { schedule } = await import("node-cron");
  const silent = { info() {}, warn() {}, error() {}, debug() {} };
  return (listener) => {
    const task = schedule(EVERY_SECOND, () => listener(), { timezone: "UTC", logger: silent });
    return { [Symbol.dispose]: () => void task.destroy() };
  };
}

/** Ticks of a clock under control, for tests and simulations. */
export function clockTicker(clock: Clock): Ticker {
  return (listener) => {
    let timer: Disposable;
    const next = (): void => {
      timer = clock.timer(1_000, () => {
        listener();
        next();
      });
    };
    next();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  };
}
