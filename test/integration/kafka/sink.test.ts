/** The Kafka sink against a broker: what it writes, what it says when it cannot, and how processes share a topic's splits. */
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { KafkaJsProducerClient } from "../../../src/connectors/kafka/client/kafkajs/producer-client.ts";
import { kafkaSinkShape } from "../../../src/connectors/kafka/options.ts";
import { kafkaSink } from "../../../src/connectors/kafka/sink.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Advance, BoundSink, Progress, SinkSession, SinkWriter } from "../../../src/core/ports/sink.ts";
import { originPosition } from "../../../src/core/position.ts";
import { freePort } from "../../support/free-port.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { runKafkaTool } from "../../support/kafka/tool.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const kafka = useKafka();
const context = { name: "sink", baseDir: import.meta.dirname, clock: systemClock };

type Options = Partial<z.input<z.ZodObject<typeof kafkaSinkShape>>>;

function bind(topic: string, options: Options = {}): Promise<BoundSink> {
  const parsed = z.strictObject(kafkaSinkShape).parse({
    brokers: [...kafka.brokers],
    topic,
    stateTopic: `${topic}-positions`,
    ...options,
  });
  return kafkaSink.resolve(parsed, context);
}

function sessionOf(scope = ""): SinkSession {
  const signal = new AbortController().signal;
  return { job: "load", run: "run-1", scope, sink: "sink", signal, resumed: false };
}

/** JSON lines with a key before each. */
function outputOf(rows: readonly (readonly [key: string | null, value: string])[]) {
  let end = 0;
  return {
    sink: "sink",
    bytes: Buffer.from(rows.map(([key, value]) => `${key ?? ""}${value}\n`).join("")),
    rows: rows.length,
    rowEnds: Int32Array.from(rows, ([key, value]) => (end += (key ?? "").length + value.length + 1)),
    recordOfRow: Int32Array.from(rows.keys()),
    filtered: 0,
    attached: { fields: 1, lengths: Int32Array.from(rows, ([key]) => (key === null ? -1 : key.length)) },
  };
}

/** One split's next step. */
function advanceOf({ split, epoch, position }: Progress, records: number): Advance {
  const ordinal = position.ordinal + BigInt(records);
  return { split, epoch, from: position.ordinal, to: { ordinal, token: String(ordinal) }, counts: NO_COUNTS };
}

/** Writes one message as a unit of its own. */
async function commitOne(writer: SinkWriter, row: Progress, value: string): Promise<Progress> {
  const unit = await writer.begin("fast", null);
  const advance = advanceOf(row, 1);
  try {
    await unit.write(outputOf([[null, value]]), ROWS_ORIGIN);
    await unit.commit([advance], []);
  } catch (thrown) {
    await unit.rollback();
    throw thrown;
  }
  return { ...row, position: advance.to };
}

const claimsOf = (...splits: string[]) => splits.map((split) => ({ split, origin: originPosition("0") }));

describeKafka("kafka sink", () => {
  test("puts a key where Java's producer puts it", async () => {
    const partitions = 7;
    const keys = Array.from({ length: 60 }, (_, number) =>
      `key-${number}-${"é".repeat(number % 4)}x`.slice(0, 3 + number),
    );
    const java = await kafka.createTopic({ partitions });
    const ours = await kafka.createTopic({ partitions });
    const args = ["--bootstrap-server", kafka.brokers[0] ?? "", "--topic", java];
    const property = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=|"];
    await runKafkaTool("ConsoleProducer", [...args, ...property], keys.map((key) => `${key}|v\n`).join(""));

    const bound = await bind(ours, { key: "id", transactional: false });
    await using writer = await bound.open(sessionOf());
    const unit = await writer.begin("fast", null);
    const rows = outputOf(keys.map((key) => [Buffer.from(key).toString("latin1"), "v"]));
    await unit.write({ ...rows, bytes: Buffer.from(rows.bytes.toString(), "latin1") }, ROWS_ORIGIN);
    await unit.commit([], []);
    const placesIn = async (topic: string) =>
      Object.fromEntries((await kafka.readTopic(topic)).map(({ key, partition }) => [String(key), partition]));
    expect(await placesIn(ours)).toEqual(await placesIn(java));
  });

  test.each(["gzip", "zstd"] as const)("compresses by %s so that others can read it", async (compression) => {
    const topic = await kafka.createTopic();
    const bound = await bind(topic, { compression, key: "id" });
    await using writer = await bound.open(sessionOf());
    const [row] = (await writer.claim?.(claimsOf("a"))) ?? [];
    await commitOne(writer, row as Progress, "x".repeat(5_000));
    const args = [
      "--bootstrap-server",
      kafka.brokers[0] ?? "",
      "--topic",
      topic,
      "--from-beginning",
      "--max-messages",
      "1",
    ];
    expect(await runKafkaTool("consumer.ConsoleConsumer", args)).toContain("x".repeat(5_000));
  });

  test("refuses what it cannot compress by", async () => {
    const topic = await kafka.createTopic();
    await expect(bind(topic, { compression: "lz4" })).rejects.toMatchObject({
      code: "NOT_BUILT",
      message: "sink.compression: lz4: not built for writing; use none, gzip or zstd",
    });
  });

  test("says which topic is missing", async () => {
    await expect(bind("no-such-topic")).rejects.toMatchObject({
      code: "TABLE_UNKNOWN",
      message: expect.stringMatching(
        /^kafka 127\.0\.0\.1:\d+: looking for the topic no-such-topic: .*create the topic, or check sink\.topic$/,
      ),
    });
  });

  test("says where it found no broker", async () => {
    const port = await freePort();
    await expect(bind("orders", { brokers: `127.0.0.1:${port}` })).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      fault: "transient",
      message: expect.stringMatching(
        new RegExp(`^kafka 127.0.0.1:${port}: looking for the topic orders: .*; check brokers and the network$`),
      ),
    });
  });

  test("gives up on somebody who takes connections and says nothing", async () => {
    const server = net.createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const quick = { connectTimeoutMs: 5_000, requestTimeoutMs: 250 };
    const connection = { brokers: [`127.0.0.1:${port}`], clientId: "test", ssl: false, login: null, ...quick };
    {
      await using client = new KafkaJsProducerClient({ connection, compression: "none", clock: systemClock });
      await expect(client.partitionsOf("orders")).rejects.toMatchObject({
        code: "SINK_UNAVAILABLE",
        message: `kafka 127.0.0.1:${port}: looking for the topic orders: no answer within 1 s; check brokers and the network`,
      });
    }
    server.close();
  });

  test("refuses a topic for positions that has several partitions", async () => {
    const topic = await kafka.createTopic();
    const stateTopic = await kafka.createTopic({ partitions: 2 });
    const bound = await bind(topic, { stateTopic });
    await expect(bound.open(sessionOf())).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: `sink.stateTopic: ${stateTopic} has 2 partitions; positions need a compacted topic with one`,
    });
  });

  test("rejects messages without a key that a compacted topic does not take", async () => {
    const topic = await kafka.createTopic({ settings: { "cleanup.policy": "compact" } });
    const bound = await bind(topic, { key: "id" });
    await using writer = await bound.open(sessionOf());
    const [row] = (await writer.claim?.(claimsOf("a"))) ?? [];
    const rows = outputOf([
      ["a", "1"],
      [null, "2"],
      ["b", "3"],
    ]);
    const fast = await writer.begin("fast", null);
    await expect(
      fast.write(rows, ROWS_ORIGIN).then(() => fast.commit([advanceOf(row as Progress, 3)], [])),
    ).rejects.toMatchObject({
      code: "ROW_REFUSED",
      fault: "record",
    });
    await fast.rollback();
    const unit = await writer.begin("careful", null);
    expect(await unit.write(rows, ROWS_ORIGIN)).toMatchObject({
      rejects: [
        {
          record: 1,
          code: "ROW_REFUSED",
          message: expect.stringContaining("a compacted topic takes no message without a key"),
        },
      ],
    });
    await unit.commit([advanceOf(row as Progress, 3)], []);
    expect((await kafka.readTopic(topic)).map(({ value }) => String(value))).toEqual(["1", "3"]);
  });

  test("goes on with its other splits when one is taken over, and only with them", async () => {
    const topic = await kafka.createTopic();
    const bound = await bind(topic, { key: "id" });
    await using first = await bound.open(sessionOf());
    const [a, b] = ((await first.claim?.(claimsOf("a", "b"))) ?? []) as [Progress, Progress];
    const a1 = await commitOne(first, a, "a0");
    const b1 = await commitOne(first, b, "b0");
    await using second = await bound.open(sessionOf());
    const [theirs] = ((await second.claim?.(claimsOf("b"))) ?? []) as [Progress];
    expect(theirs).toMatchObject({ epoch: 2, position: { ordinal: 1n } });
    await commitOne(second, theirs, "b1");
    // The first one finds its producer fenced off, and then that one of its splits is still its own.
    await expect(commitOne(first, a1, "a1")).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", fault: "transient" });
    expect(await first.progress?.(["a"])).toMatchObject([{ epoch: 1, position: { ordinal: 1n } }]);
    await commitOne(first, a1, "a1");
    await expect(commitOne(first, b1, "b1 again")).rejects.toMatchObject({ code: "FENCED" });
    await commitOne(second, { ...theirs, position: { ordinal: 2n, token: "2" } }, "b2");
    const seen = (await kafka.readTopic(topic)).map(({ value }) => String(value));
    expect(seen.toSorted()).toEqual(["a0", "a1", "b0", "b1", "b2"]);
  });

  test("lets several processes claim at the same time", async () => {
    const topic = await kafka.createTopic();
    const bound = await bind(topic, { key: "id" });
    const splits = ["a", "b", "c", "d"];
    const writers = await Promise.all(splits.map(() => bound.open(sessionOf())));
    const claimed = await Promise.all(
      writers.map(async (writer, index) => (await writer.claim?.(claimsOf(splits[index] as string))) ?? []),
    );
    expect(claimed.flat().map(({ split, epoch }) => `${split} ${epoch}`)).toEqual(["a 1", "b 1", "c 1", "d 1"]);
    await Promise.all(
      writers.map((writer, index) => commitOne(writer, claimed[index]?.[0] as Progress, splits[index] as string)),
    );
    expect((await kafka.readTopic(topic)).map(({ value }) => String(value)).toSorted()).toEqual(splits);
    for (const writer of writers) await writer[Symbol.asyncDispose]();
  });

  test("forgets runs that are over, with the positions of their scopes", async () => {
    const topic = await kafka.createTopic();
    const bound = await bind(topic, { key: "id" });
    for (const run of ["old", "kept", "new"]) {
      await using writer = await bound.open({ ...sessionOf(run), run });
      const [row] = ((await writer.claim?.(claimsOf("a"))) ?? []) as [Progress];
      await commitOne(writer, row, run);
      await writer.finish();
      await wait(2);
    }
    const retention = { runsBefore: "9999", rejectsBefore: "9999", rejectBytes: 0, limit: 10 };
    expect(await bound.prune?.("load", retention, async (run) => run === "old")).toEqual({ runs: 1, rejects: 0 });
    await using desk = await positionsOf(topic);
    expect((await desk.list("load")).map(({ scope }) => scope)).toEqual(["kept", "new"]);
  });

  test("shows positions, sets them back and forgets them", async () => {
    const topic = await kafka.createTopic();
    const bound = await bind(topic, { key: "id" });
    await using writer = await bound.open(sessionOf());
    const [row] = ((await writer.claim?.(claimsOf("a", "b"))) ?? []) as [Progress, Progress];
    const written = await commitOne(writer, await commitOne(writer, row, "0"), "1");
    await using desk = await positionsOf(topic);
    const [a, b] = await desk.list("load");
    expect([a, b]).toMatchObject([
      { split: "a", scope: "", sink: "sink", epoch: 1, position: { ordinal: 2n, token: "2" } },
      { split: "b", position: { ordinal: 0n } },
    ]);
    const key = { job: "load", scope: "", sink: "sink" };
    const back = { ...advanceOf(written, 0), to: { ordinal: 1n, token: "1" } };
    await expect(desk.rewind(key, [{ ...back, from: 1n }])).rejects.toMatchObject({ code: "FENCED" });
    await desk.rewind(key, [back]);
    expect(await desk.list("load")).toMatchObject([{ epoch: 2, position: { ordinal: 1n } }, { epoch: 1 }]);
    await expect(commitOne(writer, written, "2")).rejects.toMatchObject({ code: "FENCED" });
    expect(await bound.unfinished?.("load")).toMatchObject([{ run: "run-1" }]);
    await desk.forget(key);
    expect(await desk.list("load")).toEqual([]);
    expect(await bound.unfinished?.("load")).toEqual([]);
  });
});

async function positionsOf(topic: string) {
  const parsed = { brokers: [...kafka.brokers], topic: uniqueName("gone"), stateTopic: `${topic}-positions` };
  const desk = await kafkaSink.positions?.(z.strictObject(kafkaSinkShape).parse(parsed), context);
  if (desk === undefined || desk === null) throw new TypeError("no positions");
  return desk;
}
