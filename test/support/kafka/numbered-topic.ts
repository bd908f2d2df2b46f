/** A topic of numbered messages: each id once, in order within a partition, and some of them broken in a known way. */
import type { Message, Producer } from "kafkajs";
import { kafkaClient } from "./client.ts";
import { createTopic, type TopicOptions, uniqueName } from "./topics.ts";

/** One message in so many is no JSON. */
const BROKEN_EVERY = 997;
const PER_SEND = 1_000;

/** Whether the message of an id is broken. */
export function isBroken(id: number): boolean {
  return id % BROKEN_EVERY === 1;
}

/** The message that has an id. */
function valueOf(id: number): string {
  return isBroken(id) ? `{"id":${id},` : `{"id":${id},"name":"n${id}","amount":${id}.25}`;
}

/**
 * Message `id` goes into partition `id % partitions`. Only one send is under way at a time, each to one partition and by an
 * idempotent producer: a broker that dies loses and doubles nothing of it.
 */
export class NumberedTopic implements AsyncDisposable {
  readonly name: string;
  readonly #partitions: number;
  readonly #producer: Producer;
  #sent = 0;

  private constructor(name: string, partitions: number, producer: Producer) {
    this.name = name;
    this.#partitions = partitions;
    this.#producer = producer;
  }

  static async create(brokers: readonly string[], options: TopicOptions = {}): Promise<NumberedTopic> {
    const name = await createTopic(brokers, uniqueName("numbered"), options);
    const producer = kafkaClient(brokers, { retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 100 } }).producer({
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    return new NumberedTopic(name, options.partitions ?? 1, producer);
  }

  /** How many messages there are; the next id. */
  get sent(): number {
    return this.#sent;
  }

  /** Ids of broken messages. */
  get broken(): readonly number[] {
    return Array.from({ length: this.#sent }, (_, id) => id).filter(isBroken);
  }

  /** Sends the next messages. */
  async send(count: number): Promise<void> {
    const end = this.#sent + count;
    while (this.#sent < end) {
      const upTo = Math.min(end, this.#sent + PER_SEND * this.#partitions);
      const parts = Array.from({ length: this.#partitions }, (): Message[] => []);
      for (let id = this.#sent; id < upTo; id++) {
        const partition = id % this.#partitions;
        parts[partition]?.push({ value: valueOf(id), partition });
      }
      for (const messages of parts) {
        if (messages.length > 0) await this.#producer.send({ topic: this.name, acks: -1, messages });
      }
      this.#sent = upTo;
    }
  }

  /** Sends the next messages bit by bit until `signal` is aborted. @param perSecond about so many */
  async flow(perSecond: number, signal: AbortSignal): Promise<void> {
    const pauseMs = 50;
    while (!signal.aborted) {
      const pause = new Promise((resolve) => setTimeout(resolve, pauseMs));
      await this.send(Math.ceil((perSecond * pauseMs) / 1_000));
      await pause;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.disconnect();
  }
}
