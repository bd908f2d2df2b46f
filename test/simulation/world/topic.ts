/** A topic of partitions that grow: all that is going to be in them is known, and shown bit by bit. */
import { onAbort } from "../../../src/core/abort.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SourceSplit } from "./source.ts";

/** How a topic grows. */
export interface Growth {
  /** That come at once, at most. */
  readonly records: number;
  /** Between two times, at most. */
  readonly everyMs: number;
}

/** The topic. */
export class GrowingTopic {
  readonly splits: ReadonlyMap<string, SourceSplit>;
  /** Records that can be read, by partition. */
  readonly #shown: Map<string, number>;
  #grown = Promise.withResolvers<void>();

  constructor(splits: readonly SourceSplit[]) {
    this.splits = new Map(splits.map((split) => [split.id, split]));
    this.#shown = new Map(splits.map(({ id }) => [id, 0]));
  }

  /** Records that there are of a partition. */
  end(split: string): number {
    return this.#shown.get(split) ?? 0;
  }

  /** Everything was produced. */
  get isWhole(): boolean {
    return [...this.splits].every(([id, { ends }]) => this.end(id) === ends?.length);
  }

  /** Lets it grow until it is whole. */
  grow(scheduler: Scheduler, growth: Growth): void {
    const open = [...this.splits.values()].filter(({ id, ends }) => this.end(id) < (ends?.length ?? 0));
    const split = open[scheduler.between(0, open.length - 1)];
    if (split === undefined) return;
    const more = scheduler.between(1, growth.records);
    scheduler.after(
      `producer: ${split.id}`,
      () => {
        this.#shown.set(split.id, Math.min(this.end(split.id) + more, split.ends?.length ?? 0));
        this.#grown.resolve();
        this.#grown = Promise.withResolvers();
        this.grow(scheduler, growth);
      },
      scheduler.between(0, growth.everyMs),
    );
  }

  /** Waits for a record behind an offset, or for the signal. */
  async until(split: string, offset: number, signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    using _aborted = onAbort(signal, aborted.resolve);
    while (this.end(split) <= offset && !signal.aborted) await Promise.race([this.#grown.promise, aborted.promise]);
  }
}
