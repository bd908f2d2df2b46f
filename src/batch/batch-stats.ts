/** What a batch did so far. */
import type { Clock } from "../core/clock.ts";

/** Figures of a batch, at the moment they are asked for. */
export interface BatchStats {
  /** Items whose result was given. */
  readonly done: number;
  /** Items that failed. */
  readonly failed: number;
  /** Calls (of chunks, where items go in chunks) under way, and the most there ever were. */
  readonly active: number;
  readonly maxActive: number;
  /** From the first call on, until the end once it was reached. */
  readonly durationMs: number;
  /** Items done in that time. */
  readonly itemsPerSecond: number;
}

/** Counts. */
export class BatchMeter {
  readonly #clock: Clock;
  #begun: number | undefined;
  #ended: number | undefined;
  #done = 0;
  #failed = 0;
  #active = 0;
  #maxActive = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stats(): BatchStats {
    const durationMs = this.#begun === undefined ? 0 : (this.#ended ?? this.#clock.monotonic()) - this.#begun;
    const itemsPerSecond = durationMs > 0 ? (this.#done * 1000) / durationMs : 0;
    return {
      done: this.#done,
      failed: this.#failed,
      active: this.#active,
      maxActive: this.#maxActive,
      durationMs,
      itemsPerSecond,
    };
  }

  /** A call begins. */
  begin(): void {
    this.#begun ??= this.#clock.monotonic();
    this.#active++;
    this.#maxActive = Math.max(this.#maxActive, this.#active);
  }

  /** A call has ended. */
  end(): void {
    this.#active--;
  }

  count(done: number, failed: number): void {
    this.#done += done;
    this.#failed += failed;
  }

  /** Nothing follows any more. */
  close(): void {
    this.#ended ??= this.#clock.monotonic();
  }
}
