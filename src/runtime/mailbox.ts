/**
 * The mailbox: the only way by which actors hand work to each other.
 *
 * It is bounded twice, in records and in bytes, because either alone can be passed by the other: ten records of a
 * gigabyte, or a million of a byte. A send waits while it would pass a limit, so a slow consumer slows its producer down
 * and memory stays flat (back-pressure).
 *
 * States: `open` takes and gives; `closed` only gives what it holds and what its waiting senders bring, and then says
 * "drained"; `aborted` does neither and answers everything with its error. Two things always hold between two calls:
 * whoever waits to receive finds the box empty, and whoever waits to send finds it not empty. Hence nobody waits without
 * somebody else's move being due.
 */
import { abortError } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { Fifo } from "./fifo.ts";
import { WaitQueue } from "./wait-queue.ts";

/** What an item weighs: whole numbers, zero or more. */
export interface Weight {
  readonly records: number;
  readonly bytes: number;
}

/** How a {@link Mailbox} is made. */
export interface MailboxOptions<T> {
  /** Told in errors. */
  readonly name: string;
  /** At most this many records inside; `Infinity` for no limit. */
  readonly maxRecords: number;
  /** At most this many bytes inside; `Infinity` for no limit. */
  readonly maxBytes: number;
  /** Called once an item, when it is sent. */
  readonly weigh: (item: T) => Weight;
}

/** A mailbox's figures at one moment. */
export interface MailboxStats {
  readonly items: number;
  readonly records: number;
  readonly bytes: number;
  readonly waitingSenders: number;
  readonly waitingReceivers: number;
}

type State =
  | { readonly kind: "open" }
  | { readonly kind: "closed" }
  | { readonly kind: "aborted"; readonly error: unknown };

interface Parcel<T> {
  readonly item: T;
  readonly weight: Weight;
}

const SENT = Promise.resolve();

/**
 * A bounded queue of items of type `T`; `undefined` is not an item. Senders and receivers are each served in the order in
 * which they came. An item heavier than a limit passes alone: it waits until the box is empty.
 *
 * @example
 * const box = new Mailbox<string>({
 *   name: "lines", maxRecords: 100, maxBytes: 65_536, weigh: (line) => ({ records: 1, bytes: line.length }),
 * });
 * await box.send("one");
 * box.close();
 * for await (const line of box) console.log(line); // "one", then the loop ends
 */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly name: string;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly #weighItem: (item: T) => Weight;
  readonly #parcels = new Fifo<Parcel<T>>();
  readonly #senders = new WaitQueue<void, Parcel<T>>();
  readonly #receivers = new WaitQueue<T | undefined>();
  #state: State = { kind: "open" };
  #records = 0;
  #bytes = 0;

  /** @throws MillraceError USAGE if a limit is not at least 1 */
  constructor(options: MailboxOptions<T>) {
    const { name, maxRecords, maxBytes, weigh } = options;
    if (!(maxRecords >= 1 && maxBytes >= 1)) {
      throw new MillraceError("USAGE", `mailbox ${name}: maxRecords and maxBytes must be at least 1`);
    }
    this.name = name;
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
    this.#weighItem = weigh;
  }

  /** The figures now. */
  get stats(): MailboxStats {
    return {
      items: this.#parcels.size,
      records: this.#records,
      bytes: this.#bytes,
      waitingSenders: this.#senders.size,
      waitingReceivers: this.#receivers.size,
    };
  }

  /**
   * Puts an item in, waiting for room behind those who already wait. Until the promise resolves the item is the sender's:
   * a rejected send has put nothing in.
   *
   * @throws MillraceError (as a rejection) CLOSED after `close`, ABORTED once `signal` is aborted, or the error of `abort`
   */
  send(item: T, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    try {
      const parcel = this.#pack(item);
      return this.#accept(parcel) ? SENT : this.#senders.wait(parcel, signal, () => this.#admit());
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  /**
   * Puts an item in if that needs no waiting; false when it would pass a limit or when others already wait.
   *
   * @throws MillraceError CLOSED after `close`, or the error of `abort`
   */
  trySend(item: T): boolean {
    return this.#accept(this.#pack(item));
  }

  /**
   * Takes the oldest item, waiting for one; undefined once the box is closed and drained.
   *
   * @throws MillraceError (as a rejection) ABORTED once `signal` is aborted, or the error of `abort`
   */
  receive(signal?: AbortSignal): Promise<T | undefined> {
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    try {
      const item = this.tryReceive();
      if (item !== undefined || this.#state.kind === "closed") return Promise.resolve(item);
      return this.#receivers.wait(undefined, signal);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  /**
   * Takes the oldest item if there is one.
   *
   * @throws the error of `abort`
   */
  tryReceive(): T | undefined {
    if (this.#state.kind === "aborted") throw this.#state.error;
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return undefined;
    this.#records -= parcel.weight.records;
    this.#bytes -= parcel.weight.bytes;
    this.#admit();
    return parcel.item;
  }

  /** Ends the sending. What is inside and what the waiting senders bring is still delivered. A second call does nothing. */
  close(): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "closed" };
    this.#receivers.succeedAll(undefined);
  }

  /**
   * Ends everything at once: every waiting and later send and receive fails with `error`. The first abort's error stays.
   *
   * @returns the items that were inside, oldest first; those of waiting senders remain theirs
   */
  abort(error: unknown): T[] {
    if (this.#state.kind === "aborted") return [];
    this.#state = { kind: "aborted", error };
    const dropped = this.#parcels.takeAll().map((parcel) => parcel.item);
    this.#records = 0;
    this.#bytes = 0;
    this.#senders.failAll(error);
    this.#receivers.failAll(error);
    return dropped;
  }

  /**
   * Receives until the box is closed and drained. Leaving the loop early closes nothing, and several loops share the items.
   *
   * @throws the error of `abort`
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let item = this.tryReceive();
      if (item === undefined) item = await this.receive();
      if (item === undefined) return;
      yield item;
    }
  }

  /** Weighs an item that may be sent at all. */
  #pack(item: T): Parcel<T> {
    if (this.#state.kind === "aborted") throw this.#state.error;
    if (this.#state.kind === "closed") {
      throw new MillraceError("CLOSED", `mailbox ${this.name} is closed: nothing more can be sent`);
    }
    const weight = this.#weighItem(item);
    if (!isWeight(weight)) {
      const { records, bytes } = weight;
      throw new MillraceError(
        "INVARIANT",
        `mailbox ${this.name}: an item weighs ${records} records and ${bytes} bytes`,
      );
    }
    return { item, weight };
  }

  /** Hands a parcel to a waiting receiver or stores it; false if it has to wait. */
  #accept(parcel: Parcel<T>): boolean {
    if (this.#receivers.succeedHead(parcel.item)) return true;
    if (this.#senders.size > 0 || !this.#fits(parcel.weight)) return false;
    this.#store(parcel);
    return true;
  }

  /** Lets waiting senders in, oldest first, as far as there is room. */
  #admit(): void {
    for (;;) {
      const parcel = this.#senders.head;
      if (parcel === undefined || !this.#fits(parcel.weight)) return;
      this.#store(parcel);
      this.#senders.succeedHead();
    }
  }

  #store(parcel: Parcel<T>): void {
    this.#parcels.push(parcel);
    this.#records += parcel.weight.records;
    this.#bytes += parcel.weight.bytes;
  }

  #fits(weight: Weight): boolean {
    if (this.#parcels.size === 0) return true;
    return this.#records + weight.records <= this.maxRecords && this.#bytes + weight.bytes <= this.maxBytes;
  }
}

function isWeight({ records, bytes }: Weight): boolean {
  return Number.isSafeInteger(records) && Number.isSafeInteger(bytes) && records >= 0 && bytes >= 0;
}
