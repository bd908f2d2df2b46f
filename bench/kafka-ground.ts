/** Where Kafka's contenders work: a broker with the orders in a topic. Making it is not timed. */
import { randomUUID } from "node:crypto";
import { createWriteStream, existsSync, renameSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { orderMessage } from "../scripts/order-messages.ts";
import { startBroker } from "../test/support/kafka/broker.ts";
import { kafkaClient, withAdmin } from "../test/support/kafka/client.ts";
import type { KafkaBroker } from "../test/support/kafka/cluster.ts";
import { createTopic, visitTopic } from "../test/support/kafka/topics.ts";
import { type OrderRecord, orderRow } from "./order-row.ts";

const PARTITIONS = 4;
const MESSAGES_PER_SEND = 2_000;

/** A broker with so many orders, dealt out to the partitions in long runs. */
export class KafkaGround implements AsyncDisposable {
  readonly topic = "orders";
  readonly #broker: KafkaBroker;

  private constructor(broker: KafkaBroker) {
    this.#broker = broker;
  }

  static async start(rows: number): Promise<KafkaGround> {
    const ground = new KafkaGround(await startBroker());
    try {
      await createTopic(ground.brokers, ground.topic, { partitions: PARTITIONS });
      await ground.#fill(rows);
      return ground;
    } catch (thrown) {
      await ground[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get brokers(): readonly string[] {
    return this.#broker.brokers;
  }

  /** A `source` that reads what is there, as a group that nobody was before. */
  source(options: object = {}): object {
    const { brokers, topic } = this;
    return { type: "kafka", brokers, topics: topic, group: `bench-${randomUUID()}`, until: "end", ...options };
  }

  /** An empty topic to copy into, with as many partitions. */
  newTopic(): Promise<string> {
    return createTopic(this.brokers, `copies-${randomUUID()}`, { partitions: PARTITIONS });
  }

  /** How many messages of how many bytes a topic has for those who ask for committed ones; then removes it. */
  async checkAndRemove(topic: string): Promise<string> {
    let [messages, bytes] = [0, 0];
    await visitTopic(this.brokers, topic, ({ value }) => {
      messages++;
      bytes += value?.length ?? 0;
    });
    await withAdmin(kafkaClient(this.brokers), (admin) => admin.deleteTopics({ topics: [topic] }));
    return `${messages} messages, ${bytes} bytes`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker[Symbol.asyncDispose]();
  }

  async #fill(rows: number): Promise<void> {
    const producer = kafkaClient(this.brokers).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    try {
      for (let sent = 0; sent < rows; sent += MESSAGES_PER_SEND) {
        const count = Math.min(MESSAGES_PER_SEND, rows - sent);
        const partition = (sent / MESSAGES_PER_SEND) % PARTITIONS;
        const messages = Array.from({ length: count }, (_, index) => ({
          value: orderMessage(sent + index + 1),
          partition,
        }));
        await producer.send({ topic: this.topic, messages });
      }
    } finally {
      await producer.disconnect();
    }
  }
}

/** Writes the rows that the transform makes of the messages as COPY text, once. */
export async function writeReadyRows(rows: number, file: string): Promise<void> {
  if (existsSync(file)) return;
  await pipeline(Readable.from(copyLines(rows)), createWriteStream(`${file}.part`));
  renameSync(`${file}.part`, file);
}

/** Nothing in these orders needs an escape. */
function* copyLines(rows: number): Generator<string> {
  for (let id = 1; id <= rows; id++) {
    const row = orderRow(JSON.parse(orderMessage(id)) as OrderRecord);
    if (row === null) continue;
    yield `${Object.values({ ...row, created_at: row.created_at.toISOString() }).join("\t")}\n`;
  }
}
