/**
 * Messages on their way: gathered by partition, sent batch by batch. Within a partition they keep their order; of all
 * partitions only so many batches are under way.
 */
import type { Clock } from "../../core/clock.ts";
import { isMillraceError, type MillraceError } from "../../core/errors.ts";
import type { OutgoingMessage, PartitionBatch } from "./client/producer-port.ts";
import type { Partitioner } from "./partitioner.ts";

/** When a batch is sent. */
export interface BatchLimits {
  readonly records: number;
  /** Not yet compressed. */
  readonly bytes: number;
  /** Milliseconds after its first message; undefined: not before it is full or flushed. */
  readonly lingerMs: number | undefined;
}

/** What the batches of one unit are made of. */
export interface PartitionSendsOptions {
  readonly topic: string;
  readonly partitioner: Partitioner;
  readonly limits: BatchLimits;
  readonly clock: Clock;
  readonly send: (batch: PartitionBatch) => Promise<void>;
  /** Told of each message that the broker does not take; absent: the first one fails the unit. */
  readonly onRefused?: (message: OutgoingMessage, why: MillraceError) => void;
}

const MAX_IN_FLIGHT = 5;
/** What a record of Kafka has beside its key, value and headers, at most. */
const RECORD_OVERHEAD_BYTES = 32;

interface OpenBatch {
  readonly messages: OutgoingMessage[];
  bytes: number;
}

/** The batches of one unit. */
export class PartitionSends {
  readonly #options: PartitionSendsOptions;
  readonly #open = new Map<number, OpenBatch>();
  /** The last send of each partition. */
  readonly #tails = new Map<number, Promise<void>>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #timers = new DisposableStack();
  #linger = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PartitionSendsOptions) {
    this.#options = options;
  }

  /** Takes messages; resolves when more can be taken. @throws MillraceError as the send that failed first */
  async add(messages: readonly OutgoingMessage[]): Promise<void> {
    const { partitioner, limits } = this.#options;
    for (const message of messages) {
      const partition = partitioner.partitionOf(message.key);
      const size = sizeOf(message);
      let batch = this.#open.get(partition);
      if (batch !== undefined && batch.bytes + size > limits.bytes) {
        await this.#dispatch(partition, batch);
        batch = undefined;
      }
      if (batch === undefined) this.#open.set(partition, (batch = { messages: [], bytes: 0 }));
      batch.messages.push(message);
      batch.bytes += size;
      if (batch.messages.length >= limits.records || batch.bytes >= limits.bytes)
        await this.#dispatch(partition, batch);
    }
    if (this.#open.size > 0) this.#startLinger();
  }

  /** Sends what is gathered and waits until all of it is acknowledged. @throws MillraceError as {@link add} */
  async flush(): Promise<void> {
    for (const [partition, batch] of this.#open) await this.#dispatch(partition, batch);
    await Promise.allSettled(this.#inFlight);
    this.#check();
  }

  /** Drops what is gathered and waits for what is under way, however it ends; nothing reads the messages any more. */
  async drop(): Promise<void> {
    this.#open.clear();
    this.#timers.dispose();
    this.#failure ??= { error: undefined };
    await Promise.allSettled(this.#inFlight);
  }

  #startLinger(): void {
    const { limits, clock } = this.#options;
    if (limits.lingerMs === undefined || this.#linger) return;
    this.#linger = true;
    const sendAll = (): void => {
      this.#linger = false;
      for (const [partition, batch] of this.#open) this.#send(partition, batch);
    };
    this.#timers.use(clock.timer(limits.lingerMs, sendAll));
  }

  async #dispatch(partition: number, batch: OpenBatch): Promise<void> {
    while (this.#inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#check();
    // A timer may have sent it meanwhile.
    if (this.#open.get(partition) === batch) this.#send(partition, batch);
  }

  #send(partition: number, { messages }: OpenBatch): void {
    this.#open.delete(partition);
    this.#options.partitioner.turn(partition);
    const before = this.#tails.get(partition) ?? Promise.resolve();
    const sent = before
      .then(() => (this.#failure === undefined ? this.#deliver(partition, messages) : undefined))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#tails.set(partition, sent);
    this.#inFlight.add(sent);
  }

  /** Sends a batch; where the broker does not take it, the messages that are to blame are found by halves. */
  async #deliver(partition: number, messages: readonly OutgoingMessage[]): Promise<void> {
    const { topic, send, onRefused } = this.#options;
    try {
      await send({ topic, partition, messages });
    } catch (thrown) {
      const [only] = messages;
      if (!isMillraceError(thrown) || thrown.fault !== "record" || only === undefined) throw thrown;
      if (messages.length === 1) {
        if (onRefused === undefined) throw thrown;
        return onRefused(only, thrown);
      }
      const middle = messages.length >> 1;
      await this.#deliver(partition, messages.slice(0, middle));
      await this.#deliver(partition, messages.slice(middle));
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let size = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0);
  return size;
}
