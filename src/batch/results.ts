/** The results of a batch: one by one as they come, or all at once. */
import { MillraceError } from "../core/errors.ts";
import { Batched } from "../runtime/batched.ts";
import type { BatchMeter, BatchStats } from "./batch-stats.ts";

/**
 * Results that are worked out as they are taken: a loop over them that is slow slows the work down, and leaving it ends the
 * work. Awaited, they are an array of all results. They can be taken once.
 *
 * @example
 * for await (const page of mapConcurrent(urls, fetchPage)) save(page);
 * const pages = await mapConcurrent(urls, fetchPage);
 */
export class Results<R> extends Batched<R> implements PromiseLike<R[]> {
  readonly #meter: BatchMeter;
  #all: Promise<R[]> | undefined;

  /** @param work does it, once */
  constructor(meter: BatchMeter, work: () => AsyncIterable<readonly R[]>) {
    let taken = false;
    super(() => {
      if (taken) throw new MillraceError("USAGE", "the results of a batch can be taken once; keep them in an array");
      taken = true;
      return measured(meter, work());
    });
    this.#meter = meter;
  }

  /** What was done so far. */
  get stats(): BatchStats {
    return this.#meter.stats;
  }

  override toArray(): Promise<R[]> {
    this.#all ??= super.toArray();
    return this.#all;
  }

  then<A = R[], B = never>(
    onFulfilled?: ((results: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.toArray().then(onFulfilled, onRejected);
  }
}

async function* measured<R>(meter: BatchMeter, batches: AsyncIterable<readonly R[]>): AsyncGenerator<readonly R[]> {
  try {
    yield* batches;
  } finally {
    meter.close();
  }
}
