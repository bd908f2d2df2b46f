/** Transactions that are aborted in another order than they began: no reader of committed messages sees anything of them. */
import { expect, test } from "vitest";
import { KafkaJsProducerClient } from "../../../src/connectors/kafka/client/kafkajs/producer-client.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { send, withTransactions } from "../../support/kafka/send.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { runKafkaTool } from "../../support/kafka/tool.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { clientOf, membership, nextOf, readUntil } from "./reading-driver.ts";

describeKafka("interleaved transactions that are aborted", () => {
  const kafka = useKafka();

  test("are seen by nobody: not by the source, not by the sink's look at its positions, not by Kafka's own consumer", async () => {
    const topic = await kafka.createTopic();
    await withTransactions(kafka.brokers, uniqueName("first"), async (beginFirst) => {
      const first = await beginFirst();
      await first.send({ topic, messages: [{ value: "first" }, { value: "first" }] });
      await withTransactions(kafka.brokers, uniqueName("second"), async (beginSecond) => {
        const second = await beginSecond();
        await second.send({ topic, messages: [{ value: "second" }] });
        await second.abort();
      });
      await first.abort();
    });
    await send(kafka.brokers, topic, [{ value: "kept" }]);

    const place = ["--bootstrap-server", kafka.brokers.join(), "--topic", topic, "--from-beginning"];
    const options = ["--isolation-level", "read_committed", "--max-messages", "1", "--timeout-ms", "20000"];
    expect((await runKafkaTool("consumer.ConsoleConsumer", [...place, ...options])).trim()).toBe("kept");
    expect((await kafka.readTopic(topic)).map(({ value }) => String(value))).toEqual(["kept"]);

    const nobody = { clientId: "test", ssl: false, login: null, connectTimeoutMs: 2_000, requestTimeoutMs: 5_000 };
    const connection = { ...nobody, brokers: kafka.brokers };
    await using sink = new KafkaJsProducerClient({ connection, compression: "none", clock: systemClock });
    const seen: unknown[] = [];
    await sink.readCommitted(topic, 0n, ({ value }) => seen.push(value), "end");
    expect(seen).toEqual(["kept"]);

    await using source = clientOf(kafka.brokers);
    await using member = source.join(membership(uniqueName("group"), [topic]));
    const reader = (await nextOf(member)).read({ topic, partition: 0 }, 0n);
    expect(await readUntil(reader, 6n)).toEqual(["kept"]);
  });
});
