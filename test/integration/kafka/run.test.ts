/** Whole jobs that read Kafka. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { kafkaClient, withAdmin } from "../../support/kafka/client.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { send } from "../../support/kafka/send.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { usePostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-kafka-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type KafkaSource = Extract<JobConfig["source"], { type: "kafka" }>;

describeKafka("A job that reads Kafka", () => {
  const kafka = useKafka();
  const postgres = usePostgres();

  const sourceOf = (topics: string, options: Partial<KafkaSource> = {}): KafkaSource => ({
    type: "kafka",
    brokers: [...kafka.brokers],
    topics,
    group: uniqueName("group"),
    sessionTimeout: "2s",
    ...options,
  });

  /** Runs a job into a file and gives its lines. */
  async function linesOf(source: KafkaSource, more: Partial<JobConfig> = {}) {
    const name = uniqueName("run");
    const config = {
      name,
      source,
      sink: { type: "file", path: `${name}-{part}.jsonl`, mode: "append" },
      ...more,
    } as JobConfig;
    const summary = await runJob(defineJob(config, { baseDir: folder }), { state: path.join(folder, "state.db") });
    expect(summary).toMatchObject({ error: null, state: "succeeded" });
    const text = readFileSync(path.join(folder, `${name}-00000.jsonl`), "utf8");
    return { summary, lines: text.split("\n").filter((line) => line !== "") };
  }

  test("until: end ends by itself; key, headers, time, partition and offset reach the transform", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    await send(kafka.brokers, topic, [
      { key: "k", value: '{"n":1}', headers: { h: "x" }, timestamp: "1700000000000", partition: 1 },
      { key: "gone", value: null, timestamp: "1700000000000", partition: 1 },
    ]);
    const module = path.join(folder, "message.ts");
    writeFileSync(
      module,
      "export default (record, { message }) => ({ record, ...message, offset: String(message.offset) });",
    );
    const { summary, lines } = await linesOf(sourceOf(topic, { until: "end" }), { transform: module });
    expect(summary).toMatchObject({ state: "succeeded", read: 2, written: 2, balanced: true, lag: 0 });
    const at = { timestamp: 1_700_000_000_000, partition: 1 };
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { record: { n: 1 }, key: "k", headers: { h: "x" }, offset: "0", ...at },
      { record: null, key: "gone", headers: null, offset: "1", ...at },
    ]);
  });

  const csvOptions: Partial<KafkaSource> = { csv: { header: ["id", "name"] } };

  test.each([
    ["text", {}, ["two\nlines", "", null], ['{"text":"two\\nlines"}', '{"text":""}', '{"text":""}']],
    ["csv", csvOptions, ['1,"a\nb"', "2,c"], ['{"id":"1","name":"a\\nb"}', '{"id":"2","name":"c"}']],
  ] as const)("reads %s, each value as one record", async (format, options, values, expected) => {
    const topic = await kafka.createTopic();
    await send(
      kafka.brokers,
      topic,
      values.map((value) => ({ value })),
    );
    const { lines } = await linesOf(sourceOf(topic, { format, until: "end", ...options }));
    expect(lines).toEqual(expected);
  });

  test("a value that cannot be read is a reject with its offset, and the next one goes on", async () => {
    const topic = await kafka.createTopic();
    const large = `"${"x".repeat(2_000)}"`;
    const values = ['{"a":1}', "{broken", "", Buffer.from([0x22, 0xff, 0x22]), large, "2"];
    await send(
      kafka.brokers,
      topic,
      values.map((value) => ({ value })),
    );
    const source = sourceOf(topic, { until: "end", maxRecordBytes: 1_000 });
    const { summary, lines } = await linesOf(source, { errors: { maxRejectRate: 1 } });
    expect(lines).toEqual(['{"a":1}', "2"]);
    expect(summary).toMatchObject({ read: 6, written: 2, rejected: 4, balanced: true });
  });

  test("two processes share the partitions; one leaves, and every message takes effect once", async () => {
    const topic = await kafka.createTopic({ partitions: 4 });
    await postgres.server.query("create table shared (id int)");
    const group = uniqueName("group");
    const name = uniqueName("job");
    const start = (options: Partial<KafkaSource>) => {
      const stop = new AbortController();
      const job = defineJob({
        name,
        source: sourceOf(topic, { group, ...options }),
        columns: { id: "int" },
        sink: { type: "postgres", url: postgres.server.url(), table: "shared" },
        commit: { interval: "100ms" },
        workers: 1,
      });
      const state = path.join(folder, `${uniqueName("state")}.db`);
      return { stop, done: runJob(job, { state, signal: stop.signal }) };
    };
    const count = async (): Promise<number> =>
      Number((await postgres.server.query("select count(*) from shared"))[0]?.["count"]);
    const sendSome = (from: number) =>
      send(
        kafka.brokers,
        topic,
        Array.from({ length: 500 }, (_, i) => ({ value: `{"id":${from + i}}`, partition: i % 4 })),
      );
    const first = start({});
    await sendSome(0);
    await until("the first has all", async () => ((await count()) === 500 ? true : undefined));
    const second = start({});
    await sendSome(500);
    await until("both have some", async () => ((await members(group)) === 2 ? true : undefined));
    await sendSome(1_000);
    await until("both have all", async () => ((await count()) === 1_500 ? true : undefined));
    first.stop.abort();
    expect(await first.done).toMatchObject({ state: "interrupted", balanced: true });
    await sendSome(1_500);
    await until("the second has all", async () => ((await count()) === 2_000 ? true : undefined));
    second.stop.abort();
    expect(await second.done).toMatchObject({ state: "interrupted", balanced: true });
    const last = await start({ until: "end" }).done;
    expect(last).toMatchObject({ state: "succeeded", written: 0, lag: 0 });
    const [{ ids } = { ids: 0 }] = await postgres.server.query("select count(distinct id) as ids from shared");
    expect([await count(), Number(ids)]).toEqual([2_000, 2_000]);
    const offsets = await withAdmin(kafkaClient(kafka.brokers), (admin) =>
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    );
    expect(offsets[0]?.partitions.map(({ offset }) => offset)).toEqual(["500", "500", "500", "500"]);
  });

  async function members(group: string): Promise<number> {
    const { groups } = await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.describeGroups([group]));
    return groups[0]?.members.length ?? 0;
  }
});
