/** One partition between the broker and whoever reads it: one batch ahead, and nothing is asked for while it lies there. */
import type { MessageBatch, PartitionReader, TopicPartition } from "../port.ts";

type Waiting = PromiseWithResolvers<MessageBatch | undefined>;

/** What a reader pulls from and a fetcher fills. */
export class Feed implements PartitionReader {
  readonly at: TopicPartition;
  /** Told when there is room. */
  readonly #onRoom: () => void;
  #position: bigint;
  #batch: { readonly batch: MessageBatch; readonly bytes: number } | undefined;
  #waiting: Waiting | undefined;
  #failure: { readonly thrown: unknown } | undefined;
  #isClosed = false;

  constructor(at: TopicPartition, from: bigint, onRoom: () => void) {
    this.at = at;
    this.#position = from;
    this.#onRoom = onRoom;
  }

  /** Where to fetch on. */
  get position(): bigint {
    return this.#position;
  }

  /** Whether a batch would be taken. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#batch === undefined && this.#failure === undefined;
  }

  /** Whether somebody waits for a batch. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** Bytes that lie here. */
  get bytes(): number {
    return this.#batch?.bytes ?? 0;
  }

  next(): Promise<MessageBatch | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.thrown);
    const { promise, resolve, reject } = Promise.withResolvers<MessageBatch | undefined>();
    const taken = this.#batch;
    if (this.#isClosed || taken !== undefined) {
      this.#batch = undefined;
      resolve(this.#isClosed ? undefined : taken?.batch);
    } else {
      this.#waiting = { promise, resolve, reject };
    }
    this.#onRoom();
    return promise;
  }

  /**
   * Hands a fetched batch over.
   *
   * @param bytes of memory that it holds
   * @returns whether it was taken
   */
  deliver(batch: MessageBatch, bytes: number): boolean {
    if (!this.hasRoom) return false;
    this.#position = batch.next;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#batch = { batch, bytes };
    else waiting.resolve(batch);
    return true;
  }

  /** The reader gets this error, now and whenever it asks again. */
  fail(thrown: unknown): void {
    this.#failure ??= { thrown };
    this.#waiting?.reject(thrown);
    this.#waiting = undefined;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#batch = undefined;
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }
}
