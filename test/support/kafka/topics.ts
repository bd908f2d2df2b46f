/** Topics of tests: made with names of their own, and read back by somebody who is not under test. */
import { randomUUID } from "node:crypto";
import type { Admin, ITopicConfig, KafkaMessage } from "kafkajs";
import { until } from "../until.ts";
import { kafkaClient, QUICK_CONSUMER, withAdmin } from "./client.ts";

const READ_TIMEOUT_MS = 60_000;

/** A message and the partition it was in. */
export type TopicMessage = KafkaMessage & {
  readonly partition: number;
};

/** A name that no other test has: of a topic, a group, a transaction. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** How a topic differs from one partition in one copy. */
export interface TopicOptions {
  readonly partitions?: number;
  readonly replicas?: number;
  /** Settings such as `retention.ms`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Makes a topic and waits until every partition is served. */
export async function createTopic(
  brokers: readonly string[],
  topic: string,
  { partitions = 1, replicas = 1, settings = {} }: TopicOptions = {},
): Promise<string> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const config: ITopicConfig = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
  await withAdmin(kafkaClient(brokers), async (admin) => {
    await admin.createTopics({ topics: [config], waitForLeaders: false });
    await until(`${topic} is served`, async () => (await isServed(admin, topic, partitions)) || undefined);
  });
  return topic;
}

/**
 * Whether every leader answers for its partitions. kafkajs could wait for the leaders to be named; a moment later they
 * still may not know that it is them, or not have heard of the topic.
 */
async function isServed(admin: Admin, topic: string, partitions: number): Promise<boolean> {
  try {
    return (await admin.fetchTopicOffsets(topic)).length === partitions;
  } catch (thrown) {
    if (thrown instanceof Error && "retriable" in thrown && thrown.retriable === true) return false;
    throw thrown;
  }
}

/**
 * All committed messages, by partition and offset.
 *
 * @example
 * const values = (await readTopic(brokers, topic)).map(({ value }) => String(value));
 */
export async function readTopic(brokers: readonly string[], topic: string): Promise<readonly TopicMessage[]> {
  const messages: TopicMessage[] = [];
  await visitTopic(brokers, topic, (message) => messages.push(message));
  return messages.sort((a, b) => a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset)));
}

/**
 * Shows every committed message that was there at the call, for topics too large to keep; each partition in order.
 *
 * @throws TypeError when the end is not reached within a minute, as when a transaction stays open
 */
export async function visitTopic(
  brokers: readonly string[],
  topic: string,
  visit: (message: TopicMessage) => void,
): Promise<void> {
  const kafka = kafkaClient(brokers);
  const ahead = new Map<number, bigint>();
  for (const { partition, low, high } of await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic))) {
    if (low !== high) ahead.set(partition, BigInt(high));
  }
  if (ahead.size === 0) return;
  const next = new Map<number, bigint>();
  const consumer = kafka.consumer({ ...QUICK_CONSUMER, groupId: uniqueName("reader") });
  const end = Promise.withResolvers<void>();
  const late = setTimeout(() => end.reject(new TypeError(`${topic}: its end was not reached`)), READ_TIMEOUT_MS);
  // Tells of batches without a message too: of those that hold only what was aborted, or the marks of transactions.
  consumer.on("consumer.end_batch_process", ({ payload: { partition, lastOffset } }) => {
    if (BigInt(lastOffset) + 1n >= (ahead.get(partition) ?? 0n)) ahead.delete(partition);
    if (ahead.size === 0) end.resolve();
  });
  // It restarts by itself as long as the broker still loads the group.
  consumer.on("consumer.crash", ({ payload: { restart, error } }) => {
    if (!restart) end.reject(error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachBatch: async ({ batch: { partition, messages } }) => {
        for (const message of messages) {
          // A consumer that was slow for longer than its session is given some again.
          if (BigInt(message.offset) < (next.get(partition) ?? 0n)) continue;
          next.set(partition, BigInt(message.offset) + 1n);
          visit({ ...message, partition });
        }
      },
    });
    await end.promise;
  } finally {
    clearTimeout(late);
    await consumer.disconnect();
  }
}
