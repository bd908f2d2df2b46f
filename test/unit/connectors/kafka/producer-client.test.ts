import { expect, test } from "vitest";
import { KafkaJsProducerClient } from "../../../../src/connectors/kafka/client/kafkajs/producer-client.ts";
import { systemClock } from "../../../../src/core/clock.ts";

test("KafkaJsProducerClient: what is under way ends when it is closed, whatever kafkajs would still try", async () => {
  const nobody = { brokers: ["127.0.0.1:1"], clientId: "test", ssl: false, login: null } as const;
  const connection = { ...nobody, connectTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const client = new KafkaJsProducerClient({ connection, compression: "none", clock: systemClock });
  const opening = client.openTransactions("id");
  const opened = expect(opening).rejects.toMatchObject({ code: "ABORTED", message: "the Kafka client was closed" });
  await client[Symbol.asyncDispose]();
  await opened;
});
