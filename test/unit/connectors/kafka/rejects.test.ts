import { describe, expect, test } from "vitest";
import type { PartitionBatch, ProducerClient } from "../../../../src/connectors/kafka/client/producer-port.ts";
import { DeadLetters } from "../../../../src/connectors/kafka/dead-letter.ts";
import { RejectTopic } from "../../../../src/connectors/kafka/rejects.ts";
import { type ErrorCode, MillraceError } from "../../../../src/core/errors.ts";
import type { Reject } from "../../../../src/core/reject.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";

const rejectOf = (number: number, raw = `{${number}`): Reject => ({
  job: "orders",
  run: "01J",
  scope: "",
  split: "orders-0",
  position: { ordinal: BigInt(number), token: String(number) },
  stage: "decode",
  code: "JSON_INVALID",
  message: "no",
  raw,
  rawEncoding: "utf8",
  attempts: 1,
  at: "2026-11-22T10:00:00.000Z",
});

/** A topic of three partitions. */
class Broker {
  readonly kept: string[] = [];
  /** Throws where the broker does not take a batch. */
  judge: (batch: PartitionBatch) => void = () => {};
  producers = 0;

  get topic(): RejectTopic {
    const client = {
      partitionsOf: async () => 3,
      openProducer: async () => {
        this.producers++;
        return { send: async (batch: PartitionBatch) => this.#take(batch), [Symbol.asyncDispose]: async () => {} };
      },
      [Symbol.asyncDispose]: async () => {},
    } as Partial<ProducerClient> as ProducerClient;
    const batch = { records: 1_000, bytes: 500_000 };
    return new RejectTopic({ client, topic: "dead", batch, clock: new FakeClock(), letters: new DeadLetters(true) });
  }

  #take(batch: PartitionBatch): void {
    this.judge(batch);
    for (const { value, headers } of batch.messages) {
      this.kept.push(`${String(headers["millrace-offset"])} ${String(value)}`);
    }
  }
}

const throwing = (code: ErrorCode, message: string) => () => {
  throw new MillraceError(code, message);
};

describe("RejectTopic", () => {
  test("a record that the topic does not take is sent without its bytes, its neighbours whole", async () => {
    const broker = new Broker();
    broker.judge = ({ messages }) => {
      if (messages.some(({ value }) => (value?.length ?? 0) > 100)) throwing("ROW_REFUSED", "too large")();
    };
    await broker.topic.append([rejectOf(0), rejectOf(1, "x".repeat(200)), rejectOf(2), rejectOf(3)]);
    expect(broker.kept.toSorted()).toEqual(["0 {0", "1 ", "2 {2", "3 {3"]);
  });

  test("a topic that takes nothing at all ends the run, and is no fault of a record", async () => {
    const broker = new Broker();
    broker.judge = throwing("ROW_REFUSED", "kafka a:1: sending: too large; the topic's max.message.bytes is the limit");
    await expect(broker.topic.append([rejectOf(0)])).rejects.toMatchObject({
      code: "SINK_REFUSED",
      fault: "fatal",
      message:
        "rejects.topic: dead does not take a reject even without its record: kafka a:1: sending: too large; the topic's max.message.bytes is the limit",
    });
  });

  test("a broker that is away is waited for by whoever appends, and another producer sends again", async () => {
    const broker = new Broker();
    const { topic } = broker;
    broker.judge = throwing("SINK_UNAVAILABLE", "kafka a:1: sending: no answer");
    await expect(topic.append([rejectOf(0)])).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      fault: "transient",
      message: "rejects: kafka a:1: sending: no answer",
    });
    broker.judge = () => {};
    await topic.append([rejectOf(0)]);
    expect([broker.kept, broker.producers]).toEqual([["0 {0"], 2]);
  });

  test("a topic that went away is told by the key that names it", async () => {
    const broker = new Broker();
    broker.judge = throwing(
      "TABLE_UNKNOWN",
      "kafka a:1: sending: no such topic; create the topic, or check sink.topic",
    );
    await expect(broker.topic.append([rejectOf(0)])).rejects.toMatchObject({
      code: "TABLE_UNKNOWN",
      message: "rejects.topic: kafka a:1 has no topic dead; create it, or check the name",
    });
  });
});
