/**
 * A first-in first-out queue from whose middle an entry can leave.
 *
 * A doubly linked list: a queue of waiters needs O(1) removal when one of them is aborted, which an array or a ring
 * cannot give.
 */

/** One place in a {@link Fifo}; the receipt of a `push`, to be handed to `remove`. */
export interface FifoEntry<T> {
  readonly value: T;
}

interface Link<T> extends FifoEntry<T> {
  previous: Link<T> | undefined;
  next: Link<T> | undefined;
  queued: boolean;
}

/**
 * The queue. Every operation on one value is O(1).
 *
 * @example
 * const queue = new Fifo<string>();
 * queue.push("a");
 * const middle = queue.push("b");
 * queue.push("c");
 * queue.remove(middle);
 * [...queue]; // ["a", "c"]
 */
export class Fifo<T> implements Iterable<T> {
  #head: Link<T> | undefined;
  #tail: Link<T> | undefined;
  #size = 0;

  /** How many values are queued. */
  get size(): number {
    return this.#size;
  }

  /** The value that `shift` would take, without taking it. */
  peek(): T | undefined {
    return this.#head?.value;
  }

  /** Adds a value at the end. */
  push(value: T): FifoEntry<T> {
    const link: Link<T> = { value, previous: this.#tail, next: undefined, queued: true };
    if (this.#tail === undefined) this.#head = link;
    else this.#tail.next = link;
    this.#tail = link;
    this.#size++;
    return link;
  }

  /** Takes the oldest value. */
  shift(): T | undefined {
    const link = this.#head;
    if (link !== undefined) this.#unlink(link);
    return link?.value;
  }

  /** Takes an entry of this queue out of its place; false if it has left already. */
  remove(entry: FifoEntry<T>): boolean {
    const link = entry as Link<T>;
    if (!link.queued) return false;
    this.#unlink(link);
    return true;
  }

  /** Takes all values, oldest first. */
  takeAll(): T[] {
    const values: T[] = [];
    for (let link = this.#head; link !== undefined; link = this.#head) {
      this.#unlink(link);
      values.push(link.value);
    }
    return values;
  }

  /** The values, oldest first. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let link = this.#head; link !== undefined; link = link.next) yield link.value;
  }

  #unlink(link: Link<T>): void {
    if (link.previous === undefined) this.#head = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#tail = link.previous;
    else link.next.previous = link.previous;
    link.queued = false;
    this.#size--;
  }
}
