/** Messages of tests, sent by somebody who is not under test. */
import type { Message, ProducerConfig, Transaction } from "kafkajs";
import { kafkaClient } from "./client.ts";

/**
 * Sends to one topic.
 *
 * @example
 * await send(brokers, topic, [{ value: "a", partition: 1 }]);
 */
export async function send(
  brokers: readonly string[],
  topic: string,
  messages: readonly Message[],
  compression = 0,
): Promise<void> {
  const producer = kafkaClient(brokers).producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages: [...messages], compression });
  } finally {
    await producer.disconnect();
  }
}

/** Lends transactions, one after the other; the caller ends each. */
export async function withTransactions(
  brokers: readonly string[],
  transactionalId: string,
  work: (begin: () => Promise<Transaction>) => Promise<void>,
  options: ProducerConfig = {},
): Promise<void> {
  const producer = kafkaClient(brokers).producer({ transactionalId, idempotent: true, ...options });
  await producer.connect();
  try {
    await work(() => producer.transaction());
  } finally {
    await producer.disconnect();
  }
}
