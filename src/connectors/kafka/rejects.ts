/** Rejects in a topic: acknowledged by every copy before the position passes them. */
import type { Clock } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { RejectStore } from "../../core/ports/reject-store.ts";
import type { Reject } from "../../core/reject.ts";
import { readConnection } from "./client/connection.ts";
import { KafkaJsProducerClient } from "./client/kafkajs/producer-client.ts";
import type { OutgoingMessage, ProducerClient } from "./client/producer-port.ts";
import { DeadLetters } from "./dead-letter.ts";
import type { KafkaSinkOptions } from "./options.ts";
import { Partitioner } from "./partitioner.ts";
import { PartitionSends } from "./partition-sends.ts";
import { RenewedProducer } from "./renewed-producer.ts";
import { assertWritable } from "./written-compression.ts";

/** What is known around a topic of rejects. */
export interface RejectTopicContext {
  readonly clock: Clock;
  /** Where relative paths start from. */
  readonly baseDir: string;
  /** Whether what the job reads are messages. */
  readonly ofMessages: boolean;
}

/** What {@link RejectTopic} needs. */
export interface RejectTopicOptions {
  /** Disposed of with the topic. */
  readonly client: ProducerClient;
  readonly topic: string;
  readonly batch: KafkaSinkOptions["batch"];
  readonly clock: Clock;
  readonly letters: DeadLetters;
}

/**
 * Looks for the topic that a job names for its rejects.
 *
 * @returns opens it for a run
 * @throws MillraceError TABLE_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE, NOT_BUILT, CONFIG_UNREADABLE
 */
export async function findRejectTopic(
  options: KafkaSinkOptions,
  { baseDir, clock, ofMessages }: RejectTopicContext,
): Promise<() => RejectStore> {
  const { topic, batch, compression } = options;
  assertWritable(compression, "rejects.compression");
  const connection = await readConnection(options, baseDir);
  const connect = (): ProducerClient => new KafkaJsProducerClient({ connection, compression, clock });
  await using client = connect();
  try {
    await client.partitionsOf(topic);
  } catch (thrown) {
    throw toRejectsFault(thrown, topic);
  }
  return () => new RejectTopic({ client: connect(), topic, batch, clock, letters: new DeadLetters(ofMessages) });
}

/** Connects with the first reject. */
export class RejectTopic implements RejectStore {
  readonly #options: RejectTopicOptions;
  readonly #producer: RenewedProducer;
  #partitioner: Partitioner | undefined;

  constructor(options: RejectTopicOptions) {
    this.#options = options;
    this.#producer = new RenewedProducer(options.client);
  }

  async append(rejects: readonly Reject[]): Promise<void> {
    const { letters, topic } = this.#options;
    try {
      const refused = await this.#send(rejects, (reject) => letters.of(reject), true);
      await this.#send(refused, (reject) => letters.withoutRecord(reject), false);
    } catch (thrown) {
      // The topic may be another one when it is there again.
      this.#partitioner = undefined;
      throw toRejectsFault(thrown, topic);
    }
  }

  async resume(): Promise<void> {
    // What was sent stays: what was never committed comes again under the same key, in the same partition.
  }

  async publish(): Promise<void> {
    // They were there when they were acknowledged.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.client[Symbol.asyncDispose]();
  }

  /**
   * Sends and waits until every copy has them.
   *
   * @param mayRefuse false: what the topic does not take is an error
   * @returns those that it does not take
   */
  async #send(
    rejects: readonly Reject[],
    letterOf: (reject: Reject) => OutgoingMessage,
    mayRefuse: boolean,
  ): Promise<readonly Reject[]> {
    if (rejects.length === 0) return [];
    const { client, topic, batch, clock } = this.#options;
    const refused: Reject[] = [];
    const rejectOf = new Map(rejects.map((reject) => [letterOf(reject), reject]));
    const partitioner = (this.#partitioner ??= new Partitioner(await client.partitionsOf(topic)));
    const sends = new PartitionSends({
      topic,
      partitioner,
      limits: { records: batch.records, bytes: batch.bytes, lingerMs: undefined },
      clock,
      send: (messages) => this.#producer.send(messages),
      ...(mayRefuse && { onRefused: (letter) => void refused.push(rejectOf.get(letter) as Reject) }),
    });
    try {
      await sends.add([...rejectOf.keys()]);
      await sends.flush();
    } finally {
      await sends.drop();
    }
    return refused;
  }
}

/** Says that it is about the rejects. A reject is no record of the sink, so no fault of a record may get through. */
function toRejectsFault(thrown: unknown, topic: string): unknown {
  if (!isMillraceError(thrown)) return thrown;
  const { code, message, fault, details } = thrown;
  if (code === "TABLE_UNKNOWN") {
    const where = message.split(": ", 1)[0] ?? "";
    const said = `rejects.topic: ${where} has no topic ${topic}; create it, or check the name`;
    return new MillraceError(code, said, { cause: thrown, details });
  }
  if (fault === "record") {
    const said = `rejects.topic: ${topic} does not take a reject even without its record: ${message}`;
    return new MillraceError("SINK_REFUSED", said, { cause: thrown, details });
  }
  return new MillraceError(code, `rejects: ${message}`, { cause: thrown, fault, details });
}
