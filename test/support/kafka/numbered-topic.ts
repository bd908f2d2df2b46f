/** A topic of numbered messages: each id once, in order within a partition, and some of them broken in a known way. */
import { setTimeout as wait } from "node:timers/promises";
import type { Message, Producer } from "kafkajs";
import { kafkaClient } from "./client.ts";
import { createTopic, type TopicOptions, uniqueName } from "./topics.ts";

/** One message in so many is no JSON. */
const BROKEN_EVERY = 997;
/** Few enough for padded ones to be no large request. */
const PER_SEND = 500;
const BETWEEN_SENDS_MS = 50;

/** Whether the message of an id is broken. */
function isBroken(id: number): boolean {
  return id % BROKEN_EVERY === 1;
}

/** The message that has an id. @param padding what makes it longer */
function valueOf(id: number, padding: string): string {
  return isBroken(id) ? `{"id":${id},` : `{"id":${id},"name":"n${id}","amount":${id}.25${padding}}`;
}

/** How a topic of numbered messages differs from the usual one. */
export interface NumberedTopicOptions extends TopicOptions {
  /** Bytes of a further field of each message. */
  readonly padBytes?: number;
}

/**
 * Message `id` goes into partition `id % partitions`. Only one send is under way at a time, each to one partition and by an
 * idempotent producer: a broker that dies loses and doubles nothing of it.
 */
export class NumberedTopic implements AsyncDisposable {
  readonly name: string;
  readonly #partitions: number;
  readonly #padding: string;
  readonly #producer: Producer;
  #sent = 0;

  private constructor(name: string, { partitions = 1, padBytes = 0 }: NumberedTopicOptions, producer: Producer) {
    this.name = name;
    this.#partitions = partitions;
    this.#padding = padBytes === 0 ? "" : `,"pad":"${"x".repeat(padBytes)}"`;
    this.#producer = producer;
  }

  static async create(brokers: readonly string[], options: NumberedTopicOptions = {}): Promise<NumberedTopic> {
    const name = await createTopic(brokers, uniqueName("numbered"), options);
    const producer = kafkaClient(brokers, {
      retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 100 },
    }).producer({
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    return new NumberedTopic(name, options, producer);
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
        parts[partition]?.push({ value: valueOf(id, this.#padding), partition });
      }
      for (const messages of parts) {
        if (messages.length > 0) await this.#producer.send({ topic: this.name, acks: -1, messages });
      }
      this.#sent = upTo;
    }
  }

  /** Sends further messages bit by bit until it is disposed of. @param perSecond about so many */
  flow(perSecond: number): AsyncDisposable {
    const stop = new AbortController();
    const flowing = (async () => {
      while (!stop.signal.aborted) {
        const pause = wait(BETWEEN_SENDS_MS);
        await this.send(Math.ceil((perSecond * BETWEEN_SENDS_MS) / 1_000));
        await pause;
      }
    })();
    return {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await flowing;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#producer.disconnect();
  }
}
