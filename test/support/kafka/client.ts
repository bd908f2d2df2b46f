/** A Kafka client with the patience that tests need: little. */
import { type Admin, Kafka, type KafkaConfig, logLevel } from "kafkajs";
import { mendAbortedMessages } from "../../../src/connectors/kafka/client/kafkajs/aborted-messages.ts";
import { mendIdleQueues } from "../../../src/connectors/kafka/client/kafkajs/idle-queue.ts";

/** Settings of every consumer in tests; milliseconds. */
export const QUICK_CONSUMER = { maxWaitTimeInMs: 100, sessionTimeout: 2000, heartbeatInterval: 300 } as const;

/** Short pauses, and enough of them for a broker that has just started and still loads its groups; milliseconds. */
const QUICK_RETRY = { initialRetryTime: 20, maxRetryTime: 300, retries: 20 };

/** A quiet client. @param options what differs: `ssl`, `sasl`, `retry` */
export function kafkaClient(brokers: readonly string[], options: Partial<KafkaConfig> = {}): Kafka {
  mendIdleQueues();
  mendAbortedMessages();
  return new Kafka({
    clientId: "test",
    logLevel: logLevel.NOTHING,
    retry: QUICK_RETRY,
    ...options,
    brokers: [...brokers],
  });
}

/** Lends an admin for one piece of work. */
export async function withAdmin<Result>(kafka: Kafka, work: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
