/** The Kafka source by itself: what it finds, where it begins and ends, what its records are. */
import { expect, test } from "vitest";
import { kafkaSource } from "../../../src/connectors/kafka/source.ts";
import { kafkaSourceShape, type KafkaSourceOptions } from "../../../src/connectors/kafka/options.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { BoundSource, FrameBatch, FrameReader, Share, SplitPlan } from "../../../src/core/ports/source.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { z } from "zod";
import { kafkaClient, withAdmin } from "../../support/kafka/client.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { send, withTransactions } from "../../support/kafka/send.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { until } from "../../support/until.ts";

const shape = z.strictObject(kafkaSourceShape);
const numbered = (count: number, partition = 0) =>
  Array.from({ length: count }, (_, index) => ({ value: String(index), partition }));

describeKafka("kafkaSource", () => {
  const kafka = useKafka();

  function resolve(topics: string | string[], options: Partial<z.input<typeof shape>> = {}): Promise<BoundSource> {
    const given = { brokers: [...kafka.brokers], topics, group: uniqueName("group"), sessionTimeout: "2s", ...options };
    return resolveWith(shape.parse(given));
  }

  test("begins where `from` says: at what the group has committed, the first, the end, or a time", async () => {
    const topic = await kafka.createTopic();
    const timed = numbered(5).map((message, index) => ({ ...message, timestamp: String(1_000 * (index + 1)) }));
    await send(kafka.brokers, topic, timed);
    const group = uniqueName("group");
    await using earlier = await resolve(topic, { group });
    await using done = await shareOf(earlier);
    done.committed?.(`${topic}-0`, { ordinal: 2n, token: "2" });
    await earlier[Symbol.asyncDispose]();
    const froms = [
      { from: "committed", group },
      { from: "committed" },
      { from: "earliest", group },
      { from: "latest" },
      { from: { timestamp: "1970-01-01T00:00:03.500Z" } },
    ] as const;
    const origins: string[] = [];
    for (const options of froms) {
      await using source = await resolve(topic, options);
      await using share = await shareOf(source);
      origins.push(...share.splits.map(({ origin }) => origin));
    }
    expect(origins).toEqual(["2", "0", "0", "5", "3"]);
  });

  test("frames values behind each other, at most about the bytes asked for, with what the messages know", async () => {
    const topic = await kafka.createTopic();
    await send(kafka.brokers, topic, [
      { key: "a", value: "1234", headers: { h: "x" }, timestamp: "7" },
      { value: "56" },
      { value: "789" },
    ]);
    await using source = await resolve(topic);
    await using share = await shareOf(source);
    await using reader = await openAt(share, share.splits[0]);
    const [first, second] = [await read(reader, 6), await read(reader, 1)];
    expect([textOf(first), [...first.ends], first.bytes]).toEqual(["123456", [4, 6], 6]);
    expect([0, 1].map((record) => first.tokens.after(record))).toEqual(["1", "2"]);
    expect(first.meta).toEqual({
      keys: ["a", null],
      headers: [{ h: "x" }, null],
      timestamps: expect.objectContaining({ 0: 7 }),
      offsets: BigInt64Array.of(0n, 1n),
      partition: 0,
    });
    expect([textOf(second), second.tokens.after(0), second.meta?.keys]).toEqual(["789", "3", undefined]);
  });

  test.each([
    ["jsonl", "null1"],
    ["text", "1"],
    ["bytes", "1"],
  ] as const)("a message without a value is one record: in %s %o is what two messages are", async (format, text) => {
    const topic = await kafka.createTopic();
    await send(kafka.brokers, topic, [{ key: "k", value: null }, { value: "1" }]);
    await using source = await resolve(topic, { format });
    await using share = await shareOf(source);
    await using reader = await openAt(share, share.splits[0]);
    const batch = await read(reader);
    expect([textOf(batch), batch.ends.length, batch.tokens.after(0)]).toEqual([text, 2, "1"]);
  });

  test("until: end reads what was there at the start, over records that cannot be seen, and has no further share", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    await send(kafka.brokers, topic, numbered(3));
    await withTransactions(kafka.brokers, uniqueName("transaction"), async (begin) => {
      const aborted = await begin();
      await aborted.send({ topic, messages: numbered(4) });
      await aborted.abort();
    });
    await using source = await resolve(topic, { until: "end" });
    await send(kafka.brokers, topic, [...numbered(5), ...numbered(5, 1)]);
    await using share = await shareOf(source);
    expect(share.splits.map(({ id }) => id)).toEqual([`${topic}-0`, `${topic}-1`]);
    const texts = await Promise.all(
      share.splits.map(async (split) => {
        await using reader = await openAt(share, split);
        return await readAll(reader);
      }),
    );
    expect(texts).toEqual(["012", ""]);
    expect(await source.shares?.next(AbortSignal.timeout(5_000))).toBeUndefined();
  });

  test("tells the group what was committed, and how far behind it is", async () => {
    const topic = await kafka.createTopic();
    const group = uniqueName("group");
    await send(kafka.brokers, topic, numbered(10));
    await using source = await resolve(topic, { group });
    await using share = await shareOf(source);
    const split = share.splits[0] as SplitPlan;
    await using _reader = await openAt(share, split);
    expect(await share.lag?.()).toEqual(new Map([[split.id, 10]]));
    share.committed?.(split.id, { ordinal: 4n, token: "4" });
    expect(await share.lag?.()).toEqual(new Map([[split.id, 6]]));
    await source[Symbol.asyncDispose]();
    await using next = await resolve(topic, { group });
    await using again = await shareOf(next);
    expect(again.splits[0]?.origin).toBe("4");
  });

  test("is not behind where only marks of transactions follow", async () => {
    const topic = await kafka.createTopic();
    await withTransactions(kafka.brokers, uniqueName("transaction"), async (begin) => {
      const committed = await begin();
      await committed.send({ topic, messages: numbered(1) });
      await committed.commit();
    });
    await using source = await resolve(topic);
    await using share = await shareOf(source);
    const split = share.splits[0] as SplitPlan;
    await using reader = await openAt(share, split);
    const batch = await read(reader);
    // the next read passes the mark, which may come in a fetch of its own
    const pending = reader.read(1_000, lease);
    share.committed?.(split.id, { ordinal: 1n, token: batch.tokens.after(0) });
    await until("caught up", async () => ((await share.lag?.())?.get(split.id) === 0 ? true : undefined));
    await share[Symbol.asyncDispose]();
    expect(await pending).toBeUndefined();
  });

  test("takes the share back when another process joins; both have a part then", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    const group = uniqueName("group");
    await using one = await resolve(topic, { group });
    await using alone = await shareOf(one);
    await using reader = await openAt(alone, alone.splits[0]);
    const pending = reader.read(1_000, lease);
    await using two = await resolve(topic, { group });
    const [mine, theirs] = await Promise.all([shareOf(one), shareOf(two)]);
    expect(alone.revoked.aborted).toBe(true);
    expect(await pending).toBeUndefined();
    const ids = [...mine.splits, ...theirs.splits].map(({ id }) => id).toSorted();
    expect(ids).toEqual([`${topic}-0`, `${topic}-1`]);
    await mine.confirm();
  });

  test("a reader ends when its signal is aborted, and another one goes on", async () => {
    const topic = await kafka.createTopic();
    await using source = await resolve(topic);
    await using share = await shareOf(source);
    const stop = new AbortController();
    await using first = await share.open(share.splits[0] as SplitPlan, { ordinal: 0n, token: "0" }, stop.signal);
    const pending = first.kind === "frames" ? first.read(10, lease) : undefined;
    stop.abort();
    expect(await pending).toBeUndefined();
    await send(kafka.brokers, topic, numbered(1));
    await using second = await openAt(share, share.splits[0]);
    expect(textOf(await read(second))).toBe("0");
  });

  test("does not take a topic that was created again for the one of the saved positions", async () => {
    const topic = await kafka.createTopic();
    await using before = await resolve(topic);
    await using old = await shareOf(before);
    const { fingerprint } = old.splits[0] as SplitPlan;
    await before[Symbol.asyncDispose]();
    await withAdmin(kafkaClient(kafka.brokers), async (admin) => {
      await admin.deleteTopics({ topics: [topic] });
      await until("created again", () => admin.createTopics({ topics: [{ topic }] }).catch(() => undefined));
    });
    await using source = await resolve(topic);
    await using share = await shareOf(source);
    const [split] = share.splits;
    if (split === undefined || fingerprint === undefined) throw new TypeError("no split");
    expect(split.fingerprint).not.toBe(fingerprint);
    await expect(share.open({ ...split, fingerprint }, { ordinal: 0n, token: "0" }, never)).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      message: `${topic}-0: topic ${topic} was deleted and created again since it was read: the saved positions mean other messages now. Forget them to begin again where source.from says: millrace state forget <job>`,
    });
  });

  test("says which topic is not there, and which one is like it", async () => {
    const topic = await kafka.createTopic({}, "customers");
    const address = `kafka ${kafka.brokers.join(", ")}`;
    await expect(resolve(`${topic}x`)).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      fault: "usage",
      message: `source.topics: ${address} has no topic ${topic}x; did you mean ${topic}?`,
    });
    await expect(resolve("/^nothing-of-this-kind/")).rejects.toThrow(
      `source.topics: ${address} has no topic that matches /^nothing-of-this-kind/`,
    );
    await expect(resolve("/(/")).rejects.toThrow("source.topics: /(/ is no pattern: Invalid regular expression");
    await expect(resolve("a b")).rejects.toThrow('source.topics: "a b" can be no topic');
  });

  test("says whom it cannot reach, as a fault that may pass", async () => {
    await expect(resolve("topic", { brokers: ["127.0.0.1:1"] })).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      fault: "transient",
      message: expect.stringMatching(/^kafka 127\.0\.0\.1:1: .*ECONNREFUSED/),
    });
  });
});

const never = new AbortController().signal;
const lease = (bytes: number) => {
  const memory = { bytes: new Uint8Array(new SharedArrayBuffer(bytes)), retain: () => memory, release: () => {} };
  return Promise.resolve(memory);
};

function resolveWith(options: KafkaSourceOptions): Promise<BoundSource> {
  const decode = { format: options.format, options: {}, columns: {}, maxRecordBytes: 1_000 };
  return kafkaSource.resolve(options, {
    baseDir: ".",
    clock: systemClock,
    format: formatByName(options.format),
    decode,
  });
}

async function shareOf(source: BoundSource): Promise<Share> {
  const share = await source.shares?.next(AbortSignal.timeout(20_000));
  if (share === undefined) throw new TypeError("no share came");
  return share;
}

async function openAt(share: Share, split: SplitPlan | undefined): Promise<FrameReader> {
  if (split === undefined) throw new TypeError("no split");
  const reader = await share.open(split, { ordinal: 0n, token: split.origin }, never);
  if (reader.kind !== "frames") throw new TypeError("no frames");
  return reader;
}

async function read(reader: FrameReader, maxBytes = 1_000): Promise<FrameBatch> {
  const batch = await reader.read(maxBytes, lease);
  if (batch === undefined) throw new TypeError("nothing came");
  return batch;
}

async function readAll(reader: FrameReader): Promise<string> {
  let text = "";
  for (let batch = await reader.read(1_000, lease); batch !== undefined; batch = await reader.read(1_000, lease)) {
    text += textOf(batch);
  }
  return text;
}

function textOf({ memory, bytes }: FrameBatch): string {
  return Buffer.from(memory.bytes.subarray(0, bytes)).toString();
}
