/** Asks a live source now and then how far behind the job is, and tells the observers. */
import { type Clock, sleep } from "../core/clock.ts";
import type { Share } from "../core/ports/source.ts";
import type { Emit } from "../actors/messages.ts";

const EVERY_MS = 10_000;

/** What {@link watchLag} needs. */
export interface LagWatchOptions {
  readonly share: Share;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Watches a share until disposed. */
export function watchLag({ share, clock, emit }: LagWatchOptions): AsyncDisposable {
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await sleep(clock, EVERY_MS, ending.signal).catch(() => {});
      await tell(share, emit);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching;
    },
  };
}

/** A source that cannot say it now has its troubles told elsewhere. The last word is what was left at the end. */
async function tell(share: Share, emit: Emit): Promise<void> {
  const lag = await share.lag?.().catch(() => undefined);
  if (lag !== undefined) emit({ kind: "lagging", records: Object.fromEntries(lag) });
}
