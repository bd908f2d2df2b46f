/** What a run costs its process: memory, garbage collection, the event loop. */
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";

/** The figures of a {@link ProcessMeter}, as the summary has them. */
export interface ProcessFigures {
  /** The highest resident set of the process so far. */
  readonly peakRssBytes: number;
  /** Collections of the calling thread while the meter ran. */
  readonly gc: { readonly count: number; readonly totalMs: number; readonly maxMs: number };
  /** 99th percentile of how late the event loop was. */
  readonly eventLoopP99Ms: number;
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION_MS = 10;

/**
 * Measures from its construction until it is disposed; the figures stay readable. Costs one timer every 10 ms and one
 * callback for each collection.
 *
 * @example
 * using meter = new ProcessMeter();
 * await work();
 * meter.figures().eventLoopP99Ms; // 2
 */
export class ProcessMeter implements Disposable {
  readonly #delays: ReturnType<typeof monitorEventLoopDelay>;
  readonly #collections: PerformanceObserver;
  #gc = { count: 0, totalMs: 0, maxMs: 0 };

  constructor() {
    this.#collections = new PerformanceObserver((list) => this.#count(list.getEntries()));
    this.#collections.observe({ entryTypes: ["gc"] });
    this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delays.enable();
  }

  /** The figures up to now. */
  figures(): ProcessFigures {
    this.#count(this.#collections.takeRecords());
    const { count, totalMs, maxMs } = this.#gc;
    return {
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      gc: { count, totalMs: roundMs(totalMs), maxMs: roundMs(maxMs) },
      eventLoopP99Ms: this.#lateness(),
    };
  }

  [Symbol.dispose](): void {
    this.#count(this.#collections.takeRecords());
    this.#collections.disconnect();
    this.#delays.disable();
  }

  #count(entries: readonly PerformanceEntry[]): void {
    for (const { duration } of entries) {
      this.#gc.count++;
      this.#gc.totalMs += duration;
      this.#gc.maxMs = Math.max(this.#gc.maxMs, duration);
    }
  }

  /** The histogram holds the time between two ticks of its timer, which is the resolution when nothing was late. */
  #lateness(): number {
    if (this.#delays.count === 0) return 0;
    return roundMs(Math.max(0, this.#delays.percentile(99) / 1e6 - RESOLUTION_MS));
  }
}

function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
