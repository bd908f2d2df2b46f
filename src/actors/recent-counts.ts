/** What a job that never ends has counted of late: its limits hold for the last minutes and not for all it ever did. */
import type { Clock } from "../core/clock.ts";
import { type Counts, countsBetween, NO_COUNTS } from "../core/ledger.ts";

/** How far back, in milliseconds. SEMANTICS "Limits, retries". */
const WINDOW_MS = 5 * 60_000;
/** Totals are kept this far apart, so that a few dozen stand for the whole window. */
const STEP_MS = WINDOW_MS / 60;

interface Sample {
  readonly at: number;
  readonly total: Counts;
}

/** Totals by time; outlives the flows of a run. */
export class RecentCounts {
  readonly #clock: Clock;
  #samples: readonly Sample[];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#samples = [{ at: clock.monotonic(), total: NO_COUNTS }];
  }

  /** What came on top of the total of five minutes ago. */
  upTo(total: Counts): Counts {
    const now = this.#clock.monotonic();
    const begin = this.#samples.findLastIndex(({ at }) => at <= now - WINDOW_MS);
    const kept = this.#samples.slice(Math.max(0, begin));
    const before = kept[0]?.total ?? NO_COUNTS;
    this.#samples = now - (kept.at(-1)?.at ?? 0) >= STEP_MS ? [...kept, { at: now, total }] : kept;
    return countsBetween(before, total);
  }
}
