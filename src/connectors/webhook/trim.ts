/** Drops from a spool what every sink has, behind the run's back: nobody waits for it. */
import type { Clock } from "../../core/clock.ts";
import type { Spool } from "../../core/ports/spool.ts";

/** What a {@link SpoolTrim} needs. */
export interface SpoolTrimOptions {
  readonly spool: Spool;
  readonly clock: Clock;
  /** How long keys of what was dropped are remembered, milliseconds. */
  readonly keepKeysMs: number;
}

/** One after another; what is asked for meanwhile is done together. */
export class SpoolTrim implements AsyncDisposable {
  readonly #options: SpoolTrimOptions;
  #wanted = 0n;
  #done = 0n;
  #trimming: Promise<void> | undefined;

  constructor(options: SpoolTrimOptions) {
    this.#options = options;
  }

  /** Entries up to this one are not needed any more. */
  upTo(id: bigint): void {
    if (id > this.#wanted) this.#wanted = id;
    this.#trimming ??= this.#trim().finally(() => (this.#trimming = undefined));
  }

  /** Waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trimming;
  }

  async #trim(): Promise<void> {
    const { spool, clock, keepKeysMs } = this.#options;
    while (this.#wanted > this.#done) {
      const id = this.#wanted;
      try {
        await spool.trim(id, clock.now() - keepKeysMs);
      } catch {
        // The next commit asks again.
        return;
      }
      this.#done = id;
    }
  }
}
