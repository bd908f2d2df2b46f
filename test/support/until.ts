/** Waits for something that happens elsewhere: in a server, in another process. */
import { setTimeout as wait } from "node:timers/promises";

const DEADLINE_MS = 30_000;
const EVERY_MS = 10;

/**
 * The first value of `look` that is not undefined.
 *
 * @param what for the error when it does not come in time
 * @param withinMs half a minute when absent
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  withinMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new TypeError(`${what}: did not happen within ${withinMs} ms`);
    await wait(EVERY_MS);
  }
}
