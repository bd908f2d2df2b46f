/** What the tests of Kafka stand on: a broker that is ours, keeps its data, and is gone in the end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import type { KafkaConfig } from "kafkajs";
import { expect, test } from "vitest";
import { startBroker } from "../../support/kafka/broker.ts";
import { kafkaClient, withAdmin } from "../../support/kafka/client.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { runKafkaTool } from "../../support/kafka/tool.ts";
import { createTopic, readTopic, uniqueName } from "../../support/kafka/topics.ts";
import { until } from "../../support/until.ts";

const HOLD_BROKER = path.join(import.meta.dirname, "fixtures/hold-broker.ts");

/** Sends one message for each value. */
async function send(brokers: readonly string[], topic: string, values: readonly string[]): Promise<void> {
  const producer = kafkaClient(brokers).producer();
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

async function valuesOf(brokers: readonly string[], topic: string): Promise<string[]> {
  return (await readTopic(brokers, topic)).map(({ value }) => String(value));
}

describeKafka("startBroker()", () => {
  test("keeps its data over a pause, a kill -9 and, in a folder of the caller's, its end", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-kept-"));
    try {
      await using broker = await startBroker({ folder });
      const brokers = broker.brokers;
      const topic = await createTopic(brokers, "kept");
      await send(brokers, topic, ["sent"]);
      await broker.kill();
      await broker.restart();
      broker.pause();
      const sent = send(broker.brokers, topic, ["paused"]);
      broker.resume();
      await sent;
      expect(broker.brokers).toEqual(brokers);
      await broker[Symbol.asyncDispose]();
      await using next = await startBroker({ folder });
      expect(await valuesOf(next.brokers, topic)).toEqual(["sent", "paused"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("leaves neither a process nor a folder when its program is killed, even while it is paused", async () => {
    const temporary = mkdtempSync(path.join(os.tmpdir(), "millrace-orphan-"));
    const holder = spawn(process.execPath, [HOLD_BROKER], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { value: address } = await createInterface(holder.stdout)[Symbol.asyncIterator]().next();
    const port = Number(String(address).split(":")[1]);
    expect(await accepts(port)).toBe(true);
    expect(readdirSync(temporary).filter((name) => name.startsWith("millrace-kafka-"))).toHaveLength(1);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await until("the broker is gone", async () => !(await accepts(port)) || undefined);
    const left = () => readdirSync(temporary).filter((name) => name.startsWith("millrace-kafka-"));
    await until("its folder is gone", () => left().length === 0 || undefined);
    rmSync(temporary, { recursive: true });
  });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

describeKafka("startBroker(), where another broker has the port,", () => {
  const kafka = useKafka();

  test("moves to a free port", async () => {
    const port = Number(kafka.brokers[0]?.split(":")[1]);
    await using broker = await startBroker({ port });
    expect(broker.brokers).not.toEqual(kafka.brokers);
    expect(await clusterOf(broker.brokers)).not.toBe(await clusterOf(kafka.brokers));
  });

  test("says so at a restart, for its clients know the old port", async () => {
    await using broker = await startBroker();
    await broker.stop();
    await using thief = await startBroker({ port: Number(broker.brokers[0]?.split(":")[1]) });
    expect(thief.brokers).toEqual(broker.brokers);
    await expect(broker.restart()).rejects.toThrow(`another program took a port of ${broker.brokers[0]}`);
    await expect(clusterOf(thief.brokers)).resolves.toBeTypeOf("string");
  });
});

function clusterOf(brokers: readonly string[]): Promise<string> {
  return withAdmin(kafkaClient(brokers), async (admin) => (await admin.describeCluster()).clusterId);
}

describeKafka("startBroker({ security: true })", () => {
  test("lets in a client's certificate, PLAIN and SCRAM, and nobody else", async () => {
    await using broker = await startBroker({ security: true });
    const { mtls, sasl, certificates, plain, scram } = broker.secured;
    const { ca } = certificates;
    const login = (brokers: readonly string[], options: Partial<KafkaConfig>) =>
      withAdmin(kafkaClient(brokers, { ...options, retry: { retries: 0 } }), (admin) => admin.listTopics());

    expect(await login(mtls, { ssl: certificates })).toEqual([]);
    expect(await login(sasl, { ssl: { ca }, sasl: { mechanism: "plain", ...plain } })).toEqual([]);
    expect(await login(sasl, { ssl: { ca }, sasl: { mechanism: "scram-sha-256", ...scram } })).toEqual([]);
    expect(await login(sasl, { ssl: { ca }, sasl: { mechanism: "scram-sha-512", ...scram } })).toEqual([]);

    await expect(login(mtls, { ssl: { ca } })).rejects.toThrow(/certificate/);
    await expect(login(sasl, { ssl: true })).rejects.toThrow(/unable to verify/);
    const wrong = { mechanism: "plain", username: plain.username, password: "wrong" } as const;
    await expect(login(sasl, { ssl: { ca }, sasl: wrong })).rejects.toThrow(/Authentication failed/);
    const unknown = { mechanism: "scram-sha-256", username: plain.username, password: plain.password } as const;
    await expect(login(sasl, { ssl: { ca }, sasl: unknown })).rejects.toThrow(/Authentication failed/);
  });
});

describeKafka("startBroker({ nodes: 3 })", () => {
  test("goes on without a leader that is killed, and takes it back", async () => {
    await using broker = await startBroker({ nodes: 3 });
    const topic = await createTopic(broker.brokers, "copied", { replicas: 3 });
    await send(broker.brokers, topic, ["three"]);
    const leader = await leaderOf(broker.brokers, topic);
    await broker.kill(leader);
    await send(broker.brokers, topic, ["two"]);
    expect(await leaderOf(broker.brokers, topic)).not.toBe(leader);
    await broker.restart(leader);
    expect(await valuesOf(broker.brokers, topic)).toEqual(["three", "two"]);
  });
});

function leaderOf(brokers: readonly string[], topic: string): Promise<number | undefined> {
  return withAdmin(kafkaClient(brokers), async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions[0]?.leader;
  });
}

describeKafka("readTopic()", () => {
  const kafka = useKafka();

  test("reads what is committed, as Kafka's own consumer does", async () => {
    const topic = await kafka.createTopic({ partitions: 2 }, "committed");
    const transactionalId = uniqueName("writer");
    const producer = kafkaClient(kafka.brokers).producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (const [value, end] of [
      ["a", "commit"],
      ["b", "abort"],
      ["c", "commit"],
      ["d", "abort"],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [0, 1].map((partition) => ({ partition, value: value + partition })) });
      await transaction[end]();
    }
    await producer.disconnect();

    const values = (await kafka.readTopic(topic)).map(({ value }) => String(value));
    expect(values).toEqual(["a0", "c0", "a1", "c1"]);
    const place = ["--bootstrap-server", kafka.brokers.join(), "--topic", topic, "--from-beginning"];
    const options = ["--isolation-level", "read_committed", "--max-messages", "4", "--timeout-ms", "20000"];
    const lines = await runKafkaTool("consumer.ConsoleConsumer", [...place, ...options]);
    expect(lines.trim().split("\n").sort()).toEqual(values.toSorted());
  });
});
