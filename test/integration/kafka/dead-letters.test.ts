/** Rejects that go to a topic: what a message says, what happens in a crash, and how they are run again. */
import { expect, test } from "vitest";
import { z } from "zod";
import { kafkaSinkShape } from "../../../src/connectors/kafka/options.ts";
import { RejectTopicShelf } from "../../../src/connectors/kafka/reject-shelf.ts";
import { findRejectTopic } from "../../../src/connectors/kafka/rejects.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { StoredReject } from "../../../src/core/ports/reject-shelf.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { freePort } from "../../support/free-port.ts";
import { send } from "../../support/kafka/send.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { isProduce, ThroughProxy } from "../../support/kafka/through-proxy.ts";
import { type TopicMessage, uniqueName } from "../../support/kafka/topics.ts";
import { StepWatch } from "../../support/postgres-steps.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { Proxy } from "../../support/proxy.ts";

const MINUTE = 60_000;
const RECORDS = 4_000;
const isBad = (id: number): boolean => id % 39 === 7;
const valueOf = (id: number): string => (isBad(id) ? `{"id":${id},` : `{"id":${id}}`);
const ids = Array.from({ length: RECORDS }, (_, id) => id);
const badValues = ids.filter(isBad).map(valueOf).toSorted();

const kafka = useKafka();

/** A message's headers as texts. */
const headersOf = ({ headers = {} }: TopicMessage): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

describeKafka("rejects in a topic", () => {
  const postgres = usePostgres();

  /** The numbered records, as a job reads them. */
  const sources = {
    async file(project: Project) {
      return { type: "file", path: project.write("in.jsonl", `${ids.map(valueOf).join("\n")}\n`) };
    },
    async kafka() {
      const topics = await kafka.createTopic({ partitions: 2 });
      const messages = ids.map((id) => ({ value: valueOf(id), partition: id % 2 }));
      await send(kafka.brokers, topics, messages);
      const group = uniqueName("group");
      return { type: "kafka", brokers: [...kafka.brokers], topics, group, until: "end", sessionTimeout: "2s" };
    },
  };

  test.each(["file", "kafka"] as const)(
    "of a %s: none is lost to a crash before its position is committed, and doubles have one key",
    async (kind) => {
      using project = new Project();
      await using proxy = await Proxy.listen(postgres.server.port);
      const topic = await kafka.createTopic({ partitions: 3 });
      const table = `rows_of_${kind}`;
      await postgres.server.query(`create table ${table} (id int)`);
      const url = new URL(postgres.server.url());
      url.port = String(proxy.port);
      const job = project.job({
        source: await sources[kind](project),
        columns: { id: "int" },
        sink: { type: "postgres", url: url.href, table },
        rejects: { type: "kafka", brokers: [...kafka.brokers], topic, compression: "gzip" },
        chunk: { size: "8KiB" },
        commit: { bytes: "8KiB" },
        errors: { maxRejectRate: 1 },
      });
      const watch = new StepWatch();
      const running = project.start(["run", job, "--json"]);
      let commits = 0;
      proxy.judge = (bytes) => {
        if (watch.step(bytes) === "a unit commits") commits++;
        if (commits < 2) return "pass";
        // Its rejects are acknowledged; its position is not there and never will be.
        running.kill("SIGKILL");
        return "cut-before";
      };
      expect(await running.ended).toMatchObject({ signal: "SIGKILL" });
      proxy.judge = () => "pass";

      const { summary, err } = await project.summaryOf([job]);
      expect(summary, err).toMatchObject({ state: "succeeded", balanced: true });
      const rows = await postgres.server.query(`select id from ${table} order by id`);
      expect(rows.map(({ id }) => id)).toEqual(ids.filter((id) => !isBad(id)));

      const letters = await kafka.readTopic(topic);
      const byKey = Map.groupBy(letters, ({ key }) => String(key));
      expect(letters.length, "what was sent and not committed came again").toBeGreaterThan(byKey.size);
      const values = [...byKey.values()].map((same) => {
        expect(new Set(same.map(({ value, partition }) => `${partition} ${String(value)}`)).size).toBe(1);
        return String(same[0]?.value);
      });
      expect(values.toSorted()).toEqual(badValues);
      const { out } = await project.run(["rejects", "list", job, "--json"]);
      expect(JSON.parse(out), "each once").toMatchObject({ place: `topic ${topic}`, count: badValues.length });
    },
    2 * MINUTE,
  );

  test(
    "are run again by a job that reads them, with their causes in context.message",
    async () => {
      using project = new Project();
      const dead = await kafka.createTopic({ partitions: 2 }, "dead");
      project.write("orders.csv", "id,quantity\n1,5\n2,five\n3,x\n4,6\n");
      const columns = { id: "int", quantity: "int" };
      const orders = project.job({
        name: "orders",
        source: { type: "file", path: "orders.csv" },
        columns,
        sink: { type: "file", path: "orders.jsonl" },
        rejects: { type: "kafka", brokers: [...kafka.brokers], topic: dead },
        errors: { maxRejectRate: 1 },
      });
      expect((await project.summaryOf([orders])).summary).toMatchObject({
        state: "succeeded",
        written: 2,
        rejected: 2,
      });
      const letter = (await kafka.readTopic(dead)).find(({ value }) => String(value) === "2,five");
      expect(letter && headersOf(letter)).toMatchObject({
        "millrace-job": "orders",
        "millrace-split": "orders.csv",
        "millrace-line": "3",
        "millrace-token": "16",
        "millrace-stage": "decode",
        "millrace-code": "VALUE_INVALID",
        "millrace-attempts": "1",
        "millrace-time": expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      });
      const listed = await project.run(["rejects", "list", orders, "--json"]);
      const { items } = JSON.parse(listed.out) as {
        readonly items: readonly { readonly id: string; readonly raw: string }[];
      };
      const id = items.find(({ raw }) => raw === "2,five")?.id ?? "";
      expect((await project.run(["rejects", "show", orders, id])).out).toContain("orders.csv:3, record 1, at 16");
      const exported = await project.run(["rejects", "export", orders, "--format", "raw"]);
      expect(exported.out.trim().split("\n").toSorted()).toEqual(["2,five", "3,x", "id,quantity"]);
      expect(await project.run(["rejects", "replay", orders])).toMatchObject({
        code: 2,
        err: expect.stringContaining(`source: { type: kafka, topics: ${dead}, until: end, ... }`),
      });

      project.write(
        "mend.ts",
        `const numbers = { five: 5, x: 10 };
        export default ({ id, quantity }, { message }) => ({
          id, quantity: numbers[quantity], was: message.headers["millrace-code"],
        });`,
      );
      const again = project.job({
        name: "orders-again",
        source: {
          type: "kafka",
          brokers: [...kafka.brokers],
          topics: dead,
          group: uniqueName("group"),
          format: "csv",
          csv: { header: ["id", "quantity"] },
          until: "end",
          sessionTimeout: "2s",
        },
        columns: { id: "int" },
        transform: "./mend.ts",
        sink: { type: "file", path: "again-{part}.jsonl", mode: "append" },
      });
      expect((await project.summaryOf([again])).summary).toMatchObject({ state: "succeeded", read: 2, balanced: true });
      const mended = project.readLines<{ readonly id: number }>("again-00000.jsonl");
      expect(mended.toSorted((a, b) => a.id - b.id)).toEqual([
        { id: 2, quantity: 5, was: "VALUE_INVALID" },
        { id: 3, quantity: 10, was: "VALUE_INVALID" },
      ]);
    },
    MINUTE,
  );

  test(
    "wait for a broker that goes away, and the run goes on",
    async () => {
      using project = new Project();
      // One request at a time, so that every cut is one try; the client itself tries eleven times.
      const topic = await kafka.createTopic({ partitions: 1 });
      project.write("in.jsonl", `${ids.map(valueOf).join("\n")}\n`);
      const job = defineJob(
        {
          name: "load",
          source: { type: "file", path: "in.jsonl" },
          sink: { type: "file", path: "out.jsonl" },
          rejects: { type: "kafka", brokers: [...kafka.brokers], topic },
          errors: { maxRejectRate: 1 },
          retry: { initialDelay: "50ms" },
        },
        { baseDir: project.folder },
      );
      let cuts = 0;
      await using network = await ThroughProxy.to(Number(kafka.brokers[0]?.split(":")[1]));
      network.judge = (bytes) => {
        if (!isProduce(bytes) || cuts === 12) return "pass";
        // The first arrives, and its answer is lost.
        return cuts++ === 0 ? "cut-after" : "cut-before";
      };
      const summary = await runJob(job, { state: project.path("state.db") });
      expect(summary).toMatchObject({ state: "succeeded", balanced: true, rejected: badValues.length });
      expect([cuts, summary.retries > 0]).toEqual([12, true]);
      const byKey = Map.groupBy(await kafka.readTopic(topic), ({ key }) => String(key));
      expect([...byKey.values()].map(([letter]) => String(letter?.value)).toSorted()).toEqual(badValues);
    },
    MINUTE,
  );

  const reject = (raw: string): Reject => ({
    job: "orders",
    run: "01J",
    scope: "",
    split: "orders-1",
    position: { ordinal: 3n, token: "5" },
    stage: "decode",
    code: "JSON_INVALID",
    message: "no",
    raw,
    rawEncoding: "utf8",
    attempts: 1,
    at: "2026-11-22T10:00:00.000Z",
  });

  const optionsOf = (topic: string, options: object = {}) =>
    z.strictObject(kafkaSinkShape).parse({ brokers: [...kafka.brokers], topic, ...options });

  async function topicOf(topic: string, options: object = {}) {
    const context = { baseDir: ".", clock: systemClock, ofMessages: true };
    return (await findRejectTopic(optionsOf(topic, options), context))();
  }

  test("are listed page by page, the newest of each key, in the order of their numbers", async () => {
    const topic = await kafka.createTopic({ partitions: 3 });
    await using store = await topicOf(topic);
    const rejects = Array.from({ length: 100 }, (_, n) => ({
      ...reject(`{${n}`),
      position: { ordinal: BigInt(n), token: String(n) },
    }));
    await store.append(rejects);
    await store.append(rejects.slice(10, 30).map((one) => ({ ...one, attempts: 2 })));
    await send(kafka.brokers, topic, [{ key: "another program's", value: "word", partition: 1 }]);
    await using shelf = await RejectTopicShelf.open(optionsOf(topic), ".");
    const found: StoredReject[] = [];
    for (let page: readonly StoredReject[] = []; ; ) {
      page = await shelf.listRejects({ job: "orders", after: found.at(-1)?.id ?? 0, limit: 7 });
      if (page.length === 0) break;
      found.push(...page);
    }
    expect(found.map(({ id }) => id)).toEqual(found.map(({ id }) => id).toSorted((a, b) => a - b));
    const byOrdinal = found.toSorted((a, b) => Number(a.position.ordinal - b.position.ordinal));
    expect(byOrdinal.map(({ raw, attempts }) => [raw, attempts])).toEqual(
      rejects.map(({ raw }, n) => [raw, n >= 10 && n < 30 ? 2 : 1]),
    );
    expect(await shelf.groupRejects({ job: "orders" })).toMatchObject([{ code: "JSON_INVALID", count: 100 }]);
    expect(await shelf.listRejects({ job: "another", limit: 7 })).toEqual([]);
  });

  test("a record that is too large for the topic leaves word of itself, and those around it are whole", async () => {
    const topic = await kafka.createTopic({ settings: { "max.message.bytes": "2000", "cleanup.policy": "compact" } });
    await using store = await topicOf(topic);
    await store.append(["{1", "x".repeat(5_000), "{3"].map(reject));
    const letters = (await kafka.readTopic(topic)).map((letter) => {
      const { "millrace-offset": offset, "millrace-omitted-bytes": omitted } = headersOf(letter);
      return [letter.value?.toString(), offset, omitted];
    });
    expect(letters.toSorted()).toEqual([
      ["", "5", "5000"],
      ["{1", "5", undefined],
      ["{3", "5", undefined],
    ]);
  });

  test("a topic that takes none of it ends the run with what to do", async () => {
    const topic = await kafka.createTopic({ settings: { "max.message.bytes": "100" } });
    await using store = await topicOf(topic);
    await expect(store.append([reject("{")])).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: expect.stringMatching(
        new RegExp(`^rejects.topic: ${topic} does not take a reject even without its record: .*max.message.bytes`),
      ),
    });
  });

  test("a topic or a broker that is not there is told before anything is read", async () => {
    await expect(topicOf("no-such-topic")).rejects.toMatchObject({
      code: "TABLE_UNKNOWN",
      message: expect.stringMatching(
        /^rejects\.topic: kafka 127\.0\.0\.1:\d+ has no topic no-such-topic; create it, or check the name$/,
      ),
    });
    const port = await freePort();
    await expect(topicOf("dead", { brokers: `127.0.0.1:${port}` })).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      fault: "transient",
      message: expect.stringMatching(`^rejects: kafka 127.0.0.1:${port}: looking for the topic dead: .*check brokers`),
    });
    await using shelf = await RejectTopicShelf.open(optionsOf("no-such-topic"), ".");
    await expect(shelf.groupRejects({ job: "orders" })).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      message: expect.stringMatching(/^rejects\.topic: kafka 127\.0\.0\.1:\d+ has no topic no-such-topic; /),
    });
    await expect(topicOf("dead", { compression: "lz4" })).rejects.toMatchObject({
      code: "NOT_BUILT",
      message: "rejects.compression: lz4: not built for writing; use none, gzip or zstd",
    });
  });
});
