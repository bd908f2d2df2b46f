/** Messages that cannot be taken, of every kind, between good ones and transactions that were aborted. */
import { expect, test } from "vitest";
import type { Message } from "kafkajs";
import { send, withTransactions } from "../support/kafka/send.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { uniqueName } from "../support/kafka/topics.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const postgres = usePostgres();

const MEBIBYTE = 1024 * 1024;
const LARGEST = 64 * 1024;
const GOOD = 200;

/** A message that cannot be taken, and what is said of it. */
interface Poison {
  readonly value: string | null;
  readonly code: string;
  readonly stage: string;
  readonly message: RegExp;
  /** As it is kept, where that is not the value. */
  readonly raw?: string;
}

const POISON: readonly Poison[] = [
  { value: '{"id":', code: "JSON_INVALID", stage: "decode", message: /^the record is no complete JSON/ },
  {
    value: '{"id":"seven"}',
    code: "VALUE_INVALID",
    stage: "decode",
    message: /^"id": expected a whole number .* found "seven"$/,
  },
  {
    value: null,
    code: "NOT_AN_OBJECT",
    stage: "decode",
    message: /^the record is null, and declared columns, .* need an object with fields$/,
    raw: "null",
  },
  {
    value: `{"id":1,"name":"${"x".repeat(LARGEST)}"}`,
    code: "RECORD_TOO_LARGE",
    stage: "decode",
    message: /^the record has more bytes than maxRecordBytes \(65536\); raise it if this is no fault$/,
  },
  {
    value: '{"id":-1}',
    code: "TRANSFORM_FAILED",
    stage: "transform",
    message: /^transform.ts:2:30: no such customer$/,
  },
  { value: '{"id":-2}', code: "TRANSFORM_CRASHED", stage: "transform", message: /^the transform ended its thread/ },
];

const TRANSFORM = `export default (order) => {
  if (order.id === -1) throw new Error("no such customer");
  if (order.id === -2) process.exit(3);
  return order;
};
`;

describeKafka("poison messages", () => {
  const kafka = useKafka();

  test("of each kind are one reject with partition and offset, and all others get through", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    const offsets = await sendPoison(kafka.brokers, topic);
    using project = new Project();
    project.write("transform.ts", TRANSFORM);
    await postgres.server.query("create table poison (id int, name text)");
    const job = project.job({
      name: "poison",
      source: sourceOf(kafka.brokers, topic, { maxRecordBytes: LARGEST }),
      columns: { id: "int" },
      transform: "./transform.ts",
      sink: { type: "postgres", url: postgres.server.url(), table: "poison" },
      chunk: { size: "4KiB" },
      errors: { maxRejectRate: 1 },
    });
    const { summary, code, err } = await project.summaryOf([job]);
    expect([code, summary.state, summary.rejected], err).toEqual([0, "succeeded", POISON.length]);
    expect(summary).toMatchObject({ read: GOOD + POISON.length, written: GOOD, balanced: true });

    const rows = await postgres.server.query("select id from poison order by id");
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: GOOD }, (_, id) => id));
    const rejects = await postgres.server.query(
      "select split, token, code, stage, message, raw from millrace.rejects where job = 'poison'",
    );
    expect(rejects).toHaveLength(POISON.length);
    for (const [index, { value, message, raw = value ?? "", ...named }] of POISON.entries()) {
      const reject = rejects.find(({ token, split }) => split === `${topic}-1` && token === offsets[index]);
      expect(reject, named.code).toMatchObject(named);
      expect(reject?.["message"]).toMatch(message);
      expect(reject?.["raw"]).toBe(raw);
    }
  });

  test("a message of 10 MB gets through where it may, and is one clear reject where it may not", async () => {
    const settings = { "max.message.bytes": String(12 * MEBIBYTE) };
    const topic = await kafka.createTopic({ settings });
    const large = JSON.stringify({ id: 1, name: "x".repeat(10 * MEBIBYTE) });
    await send(kafka.brokers, topic, [{ value: small(0) }, { value: large }, { value: small(2) }]);
    await postgres.server.query("create table large (id int, name text)");
    using project = new Project();
    const sink = { type: "postgres", url: postgres.server.url(), table: "large" };
    const errors = { maxRejectRate: 1 };

    const through = sourceOf(kafka.brokers, topic, { maxRecordBytes: "16MiB" });
    const first = await project.summaryOf([project.job({ name: "through", source: through, sink, errors })]);
    expect(first.summary, first.err).toMatchObject({ state: "succeeded", written: 3, rejected: 0 });
    const rows = await postgres.server.query("select id, length(name) as length from large order by id");
    expect(rows).toEqual([
      { id: 0, length: 5 },
      { id: 1, length: 10 * MEBIBYTE },
      { id: 2, length: 5 },
    ]);

    const held = await project.summaryOf([
      project.job({ name: "held", source: sourceOf(kafka.brokers, topic, {}), sink, errors }),
    ]);
    expect(held.summary, held.err).toMatchObject({ state: "succeeded", written: 2, rejected: 1 });
    const rejects = await postgres.server.query(
      "select split, token, code, message, length(raw) as length from millrace.rejects where job = 'held'",
    );
    expect(rejects).toEqual([expect.objectContaining({ split: `${topic}-0`, token: "1", code: "RECORD_TOO_LARGE" })]);
    expect(rejects[0]?.["message"]).toMatch(/more bytes than maxRecordBytes \(1048576\)/);

    const target = await kafka.createTopic();
    const written = await project.summaryOf([
      project.job({
        name: "refused",
        source: through,
        sink: { type: "kafka", brokers: kafka.brokers, topic: target, stateTopic: `${target}-positions` },
        errors,
      }),
    ]);
    expect(written.summary, written.err).toMatchObject({ state: "succeeded", written: 2, rejected: 1 });
    expect(written.summary.rejects[0]?.example).toMatch(/larger than the max message size|too large/);
    expect((await kafka.readTopic(target)).map(({ value }) => String(value))).toEqual([small(0), small(2)]);
  });
});

function small(id: number): string {
  return `{"id":${id},"name":"small"}`;
}

function sourceOf(brokers: readonly string[], topic: string, options: object): object {
  const read = { type: "kafka", brokers, topics: [topic], group: uniqueName("group"), from: "earliest", until: "end" };
  return { ...read, sessionTimeout: "2s", ...options };
}

/** Good messages into partition 0, poison between some of them into partition 1; gives the offsets of the poison. */
async function sendPoison(brokers: readonly string[], topic: string): Promise<string[]> {
  const good = (id: number, partition: number): Message => ({ value: `{"id":${id},"name":"n"}`, partition });
  const half = GOOD / 2;
  await send(
    brokers,
    topic,
    Array.from({ length: half }, (_, id) => good(id, 0)),
  );
  const offsets: string[] = [];
  await withTransactions(brokers, uniqueName("transaction"), async (begin) => {
    let id = half;
    let offset = 0;
    for (const { value } of POISON) {
      const aborted = await begin();
      await aborted.send({ topic, messages: [{ value: "never seen", partition: 1 }] });
      await aborted.abort();
      const kept = await begin();
      await kept.send({ topic, messages: [{ value, partition: 1 }, good(id++, 1)] });
      await kept.commit();
      // what was aborted and its mark; the marks of commits stand behind the messages
      offsets.push(String(offset + 2));
      offset += 5;
    }
    const last = await begin();
    await last.send({ topic, messages: Array.from({ length: GOOD - id }, (_, index) => good(id + index, 1)) });
    await last.commit();
  });
  return offsets;
}
