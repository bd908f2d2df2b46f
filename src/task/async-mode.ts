/** Mode async: the function is called with one record and waited for, while it is called with others. */
import type { Clock } from "../core/clock.ts";
import { formatDuration } from "../core/quantity.ts";
import type { ManyOptions } from "./chunk-mode.ts";
import { HeldChunk } from "./held-chunk.ts";
import type { HeldRecord } from "./held-record.ts";
import type { ChunkWork, Mode, Verdicts } from "./mode.ts";
import { type Outcome, outcomeOf, rejected } from "./outcome.ts";
import { thrownOutcome } from "./thrown-outcome.ts";
import { CallContext, type ChunkPlace } from "./transform-context.ts";

/** What mode async is made of. */
export interface AsyncOptions extends ManyOptions {
  /** Calls in flight at once, of this chunk. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Lets everything run that is ready to. */
  readonly turn: () => Promise<void>;
}

/** Calls a function that gives promises. */
export class AsyncMode implements Mode {
  readonly judge = null;
  readonly #options: AsyncOptions;

  constructor(options: AsyncOptions) {
    this.#options = options;
  }

  enter(): void {}

  async judgeAll(work: ChunkWork): Promise<Verdicts> {
    const chunk = new HeldChunk(work, { gate: null, route: this.#options.route });
    const waiting = chunk.held.values();
    const lanes = work.careful ? 1 : Math.min(this.#options.concurrency, chunk.held.length);
    await Promise.all(Array.from({ length: lanes }, () => this.#lane(waiting, chunk, work)));
    return chunk;
  }

  /** Takes record after record, as many lanes do side by side. */
  async #lane(waiting: IterableIterator<HeldRecord>, chunk: HeldChunk, work: ChunkWork): Promise<void> {
    const { careful, progress, place } = work;
    for (const held of waiting) {
      if (careful) progress.at(held.record);
      else progress.beat();
      chunk.settle(held.record, await this.#inTime(held, place));
      // what the call left behind may still end the thread, and would be taken for the next record's doing
      if (careful) await this.#options.turn();
    }
  }

  #inTime(held: HeldRecord, place: ChunkPlace): Promise<Outcome> {
    const { clock, timeoutMs, context } = this.#options;
    const about = new CallContext(context, place, held.record);
    return new Promise((resolve, fail) => {
      const timer = clock.timer(timeoutMs, () => {
        const message = `the transform was not done after ${formatDuration(timeoutMs)} (transform.timeout)`;
        about.abort(new DOMException(message, "TimeoutError"));
        resolve(rejected("transform", "TRANSFORM_TIMEOUT", message));
      });
      this.#outcomeOf(held.input, about)
        .finally(() => timer[Symbol.dispose]())
        .then(resolve, fail);
    });
  }

  async #outcomeOf(input: unknown, about: CallContext): Promise<Outcome> {
    const { gate, file, transform } = this.#options;
    const admission = gate === null ? null : await gate(input, about);
    if (admission?.kind === "rejected") return admission;
    let returned: unknown;
    try {
      returned = await transform(admission === null ? input : admission.record, about);
    } catch (thrown) {
      return thrownOutcome(thrown, file, "transform");
    }
    return outcomeOf(returned);
  }
}
