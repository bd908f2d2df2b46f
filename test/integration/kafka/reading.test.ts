/** The port for reading Kafka, held to what its types say, against a real broker. */
import { expect, test } from "vitest";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { send, withTransactions } from "../../support/kafka/send.ts";
import { runKafkaTool } from "../../support/kafka/tool.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { metadataCall } from "../../../src/connectors/kafka/client/kafkajs/metadata.ts";
import { clientOf, membership, nextOf, readUntil, valuesIn, wireTo } from "./reading-driver.ts";

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));
const GZIP = 1;

describeKafka("KafkaReading", () => {
  const kafka = useKafka();

  test("topics() finds names and patterns, leaves out what is not there, and tells ids and partitions", async () => {
    const prefix = uniqueName("found");
    const one = await kafka.createTopic({ partitions: 2 }, prefix);
    const two = await kafka.createTopic({}, prefix);
    await using client = clientOf(kafka.brokers);
    const found = await client.topics([new RegExp(`^${prefix}`), one, "nobody-made-it"]);
    expect(found.map(({ name }) => name)).toEqual([one, two].toSorted());
    expect(found.find(({ name }) => name === one)).toEqual({
      name: one,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      partitions: [0, 1],
    });
    const all = await client.topics([/./]);
    expect(all.filter(({ name }) => name.startsWith("__"))).toEqual([]);
  });

  test("what nodes of other ages say of topics is read alike", async () => {
    const topic = await kafka.createTopic({ partitions: 3 });
    await using broker = await wireTo(kafka.brokers);
    const [newest] = [(await broker.connectionPool.send(metadataCall([topic], 12))).topics];
    expect(newest).toMatchObject([
      { name: topic, error: 0, partitions: [0, 1, 2].map((partition) => ({ partition })) },
    ]);
    for (let version = 5; version < 12; version++) {
      const { nodes, topics } = await broker.connectionPool.send(metadataCall([topic], version));
      expect(
        nodes.map(({ host, port }) => `${host}:${port}`),
        `version ${version}`,
      ).toEqual(kafka.brokers);
      const id = version < 10 ? null : newest[0]?.id;
      expect(topics, `version ${version}`).toEqual(newest.map((one) => ({ ...one, id })));
      const all = await broker.connectionPool.send(metadataCall(null, version));
      expect(all.topics.map(({ name }) => name)).toContain(topic);
    }
  });

  test("offsets() knows the first, the end, and the first of a time; behind the last message it is the end", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    const timed = ["1000", "2000", "3000"].map((timestamp) => ({ value: timestamp, timestamp, partition: 1 }));
    await send(kafka.brokers, topic, timed);
    await using client = clientOf(kafka.brokers);
    const partitions = [1, 0].map((partition) => ({ topic, partition }));
    expect(await client.offsets(partitions, "earliest")).toEqual([0n, 0n]);
    expect(await client.offsets(partitions, "latest")).toEqual([3n, 0n]);
    expect(await client.offsets(partitions, { timestamp: 1500 })).toEqual([1n, 0n]);
    expect(await client.offsets(partitions, { timestamp: 9000 })).toEqual([3n, 0n]);
  });

  test("a batch has values, keys, headers, times and offsets; a tombstone has no value", async () => {
    const topic = await kafka.createTopic();
    const headers = { kind: "ä", empty: "", twice: ["1", "2"] };
    await send(kafka.brokers, topic, [
      { key: "k", value: "ü", headers, timestamp: "1700000000123" },
      { key: "k", value: null },
      { value: "" },
    ]);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic]));
    const generation = await nextOf(member);
    const batch = await generation.read({ topic, partition: 0 }, 0n).next();
    if (batch === undefined) throw new TypeError("no batch");
    expect(valuesIn(batch)).toEqual(["ü", null, ""]);
    expect([batch.key(0), batch.key(1), batch.key(2)]).toEqual(["k", "k", null]);
    expect(batch.headers(0)).toEqual({ kind: "ä", empty: "", twice: "2" });
    expect(batch.headers(2)).toBeNull();
    expect(batch.timestamps(0, 1)[0]).toBe(1_700_000_000_123);
    expect([batch.offset(2), batch.next]).toEqual([2n, 3n]);
  });

  test("read() begins exactly where it is told, also inside a batch, and again from elsewhere", async () => {
    const topic = await kafka.createTopic();
    await send(
      kafka.brokers,
      topic,
      numbered(10).map((value) => ({ value })),
    );
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic]));
    const generation = await nextOf(member);
    const first = generation.read({ topic, partition: 0 }, 7n);
    expect(await readUntil(first, 10n)).toEqual(["7", "8", "9"]);
    const again = generation.read({ topic, partition: 0 }, 2n);
    expect(await first.next()).toBeUndefined();
    expect(await readUntil(again, 10n)).toEqual(numbered(8, 2));
  });

  test("a partition that nobody reads stops no other one, and costs no membership", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    await send(kafka.brokers, topic, [
      { value: "slow", partition: 0 },
      { value: "quick", partition: 1 },
    ]);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic], { sessionTimeoutMs: 1_000 }));
    const generation = await nextOf(member);
    const [slow, quick] = [0, 1].map((partition) => generation.read({ topic, partition }, 0n));
    if (slow === undefined || quick === undefined) throw new TypeError("no readers");
    for (let offset = 0n; offset < 6n; offset++) {
      expect(await readUntil(quick, offset + 1n)).toHaveLength(1);
      await send(kafka.brokers, topic, [{ value: "more", partition: 1 }]);
      // longer than a session altogether
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(generation.ended.aborted).toBe(false);
    expect(await readUntil(slow, 1n)).toEqual(["slow"]);
    await generation.confirm();
  });

  test("read_committed hides what was aborted, however long, and waits for what is open; read_uncommitted does not", async () => {
    const topic = await kafka.createTopic();
    await using client = clientOf(kafka.brokers);
    const id = uniqueName("transaction");
    const long = "x".repeat(2_000);
    await withTransactions(kafka.brokers, id, async (begin) => {
      for (const name of ["A1", "A2", "A3"]) {
        const aborted = await begin();
        await aborted.send({ topic, messages: [{ value: name }] });
        await aborted.abort();
      }
      const committed = await begin();
      await committed.send({ topic, messages: [{ value: "C1" }] });
      await committed.commit();
      const longer = await begin();
      // more than one fetch holds
      for (let i = 0; i < 3; i++) {
        await longer.send({ topic, messages: numbered(300).map(() => ({ value: long })) });
      }
      await longer.abort();
      const last = await begin();
      await last.send({ topic, messages: [{ value: "C2" }] });
      await last.commit();
    });
    await using careful = client.join(membership(uniqueName("group"), [topic]));
    const [end] = await client.offsets([{ topic, partition: 0 }], "latest");
    const reader = (await nextOf(careful)).read({ topic, partition: 0 }, 0n);
    expect(await readUntil(reader, end ?? 0n)).toEqual(["C1", "C2"]);
    await using bold = client.join(membership(uniqueName("group"), [topic], { isolation: "read_uncommitted" }));
    const all = await readUntil((await nextOf(bold)).read({ topic, partition: 0 }, 0n), end ?? 0n);
    expect(all.filter((value) => value !== long)).toEqual(["A1", "A2", "A3", "C1", "C2"]);
    expect(all).toHaveLength(5 + 900);
  });

  test("all compressions are read, as Java's producer and kafkajs write them", async () => {
    const values = numbered(2_000).map((number) => `${number} ${"abc".repeat(Number(number) % 40)}`);
    await using client = clientOf(kafka.brokers);
    const written = await Promise.all(
      ["gzip", "snappy", "lz4", "zstd"].map(async (codec) => {
        const topic = await kafka.createTopic({}, codec);
        const [broker] = kafka.brokers;
        const args = ["--bootstrap-server", broker ?? "", "--topic", topic, "--compression-codec", codec];
        await runKafkaTool("ConsoleProducer", args, `${values.join("\n")}\n`);
        return topic;
      }),
    );
    const gzipped = await kafka.createTopic({}, "kafkajs");
    await send(
      kafka.brokers,
      gzipped,
      values.map((value) => ({ value })),
      GZIP,
    );
    await using member = client.join(membership(uniqueName("group"), [...written, gzipped]));
    const generation = await nextOf(member);
    for (const topic of [...written, gzipped]) {
      const reader = generation.read({ topic, partition: 0 }, 0n);
      expect(await readUntil(reader, BigInt(values.length)), topic).toEqual(values);
    }
  });

  test("a message larger than a fetch is read", async () => {
    const topic = await kafka.createTopic({ settings: { "max.message.bytes": "20000000" } });
    const large = "y".repeat(10_000_000);
    await send(kafka.brokers, topic, [{ value: "a" }, { value: large }, { value: "b" }]);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic]));
    const values = await readUntil((await nextOf(member)).read({ topic, partition: 0 }, 0n), 3n);
    expect(values.map((value) => value?.length)).toEqual([1, large.length, 1]);
  });
});
