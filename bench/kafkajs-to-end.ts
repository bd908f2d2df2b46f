/** Reads a topic with kafkajs, by batch, up to what was there at the start: the loop of every contender that uses it. */
import { randomUUID } from "node:crypto";
import { type Batch, Kafka, logLevel } from "kafkajs";

/** Ending waits for the open request, by default for five seconds. */
const WAIT_MS = 100;

/** The client; its brokers are the first argument of each script. */
export function kafkaOf(brokers: string): Kafka {
  return new Kafka({ clientId: "bench", brokers: brokers.split(","), logLevel: logLevel.ERROR });
}

/** Shows each batch, the partitions one after the other as kafkajs does it by default. */
export async function readToEnd(kafka: Kafka, topic: string, visit: (batch: Batch) => Promise<void>): Promise<void> {
  const ahead = await endsOf(kafka, topic);
  const end = Promise.withResolvers<void>();
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: WAIT_MS });
  consumer.on("consumer.crash", ({ payload: { restart, error } }) => {
    if (!restart) end.reject(error);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      await visit(batch);
      if (BigInt(batch.lastOffset()) + 1n >= (ahead.get(batch.partition) ?? 0n)) ahead.delete(batch.partition);
      if (ahead.size === 0) end.resolve();
    },
  });
  await end.promise;
  await consumer.disconnect();
}

async function endsOf(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return new Map(offsets.flatMap(({ partition, high }) => (high === "0" ? [] : [[partition, BigInt(high)] as const])));
}
