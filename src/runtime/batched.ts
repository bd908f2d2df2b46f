/**
 * An async iterable that travels in batches. An `await` for every single item costs more than most work on it, so items
 * are handed on in arrays, and are taken out of them one by one only where a program asks for that.
 */
import { regroup } from "./batches-of.ts";

/**
 * Items that come in batches; each iteration begins anew where the source allows it.
 *
 * @example
 * for await (const item of items) count++;
 * for await (const batch of items.batches()) count += batch.length; // the same, for less
 */
export class Batched<T> implements AsyncIterable<T> {
  readonly #open: () => AsyncIterable<readonly T[]>;

  /** @param open begins an iteration; what it gives is closed by `return` when the iteration is left early */
  constructor(open: () => AsyncIterable<readonly T[]>) {
    this.#open = open;
  }

  /**
   * The items in arrays, none of them empty.
   *
   * @param size items of each array but the last; when absent, as many as come
   */
  batches(size?: number): AsyncIterable<readonly T[]> {
    return size === undefined ? this.#open() : regroup(this.#open(), size);
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new ItemIterator(this.#open()[Symbol.asyncIterator]());
  }

  /** All items; they have to fit into memory. */
  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const batch of this.#open()) for (const item of batch) items.push(item);
    return items;
  }
}

/** Takes batches apart. Calls of `next` may overlap; they are answered in their order. */
class ItemIterator<T> implements AsyncIterator<T, undefined> {
  readonly #batches: AsyncIterator<readonly T[]>;
  #batch: readonly T[] = [];
  #at = 0;
  #ended = false;
  /** Calls that wait for the next batch. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(batches: AsyncIterator<readonly T[]>) {
    this.#batches = batches;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting === 0 && this.#at < this.#batch.length) return Promise.resolve(this.#take());
    this.#waiting++;
    const result = this.#last.then(() => this.#advance());
    this.#last = result.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return result;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    await this.#batches.return?.();
    return { value: undefined, done: true };
  }

  async #advance(): Promise<IteratorResult<T, undefined>> {
    try {
      while (!this.#ended && this.#at === this.#batch.length) {
        const { value, done } = await this.#batches.next();
        if (done === true) this.#end();
        else if (!this.#ended) [this.#batch, this.#at] = [value, 0];
      }
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
    return this.#ended ? { value: undefined, done: true } : this.#take();
  }

  #take(): IteratorResult<T, undefined> {
    return { value: this.#batch[this.#at++] as T, done: false };
  }

  #end(): void {
    this.#ended = true;
    [this.#batch, this.#at] = [[], 0];
  }
}
