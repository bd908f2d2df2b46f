/** Sends orders into a topic at a steady rate, for the demo of Kafka. */
import { setTimeout as wait } from "node:timers/promises";
import { kafkaClient } from "../test/support/kafka/client.ts";
import { orderMessage } from "./order-messages.ts";

const TICK_MS = 100;
const MOST_PER_SEND = 4_000;
/** Every so many messages are cut off in the middle: no JSON. */
const BROKEN_EVERY = 997;
const BROKEN_LENGTH = 60;

/** What is sent where. */
export interface ProducerRequest {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  /** Messages a second. */
  readonly rate: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told how many were acknowledged until now. */
  readonly onProduced: (count: number) => void;
}

/** Sends the orders 1, 2, 3, ... until the signal, all of one send into one partition. */
export async function produceOrders({ brokers, topic, partitions, rate, signal, onProduced }: ProducerRequest) {
  const producer = kafkaClient(brokers).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    const begun = performance.now();
    for (let produced = 0, turn = 0; !signal.aborted; turn++) {
      const due = Math.floor(((performance.now() - begun) / 1_000) * rate) - produced;
      const count = Math.min(Math.max(due, 0), MOST_PER_SEND);
      const partition = turn % partitions;
      const messages = Array.from({ length: count }, (_, index) => ({
        value: valueOf(produced + index + 1),
        partition,
      }));
      if (count > 0) await producer.send({ topic, messages });
      produced += count;
      onProduced(produced);
      await wait(TICK_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    await producer.disconnect();
  }
}

function valueOf(id: number): string {
  const message = orderMessage(id);
  return id % BROKEN_EVERY === 0 ? message.slice(0, BROKEN_LENGTH) : message;
}
