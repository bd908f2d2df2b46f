/**
 * Brokers that die under load: the only one there is, and of three the one that leads a partition. The replicas wait or
 * turn to another one; nothing is lost and nothing doubled. `KILLS=n ROWS=n` for other numbers.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startBroker } from "../support/kafka/broker.ts";
import { kafkaClient, withAdmin } from "../support/kafka/client.ts";
import { GroupLoad } from "../support/kafka/group-load.ts";
import type { Replica } from "../support/kafka/replica.ts";
import { describeKafka } from "../support/kafka/shared-broker.ts";
import { usePostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 1);
const ROWS = Number(process.env["ROWS"] ?? 20_000);
const PER_SECOND = 2_000;
const LONG_MS = 7_200_000;

const postgres = usePostgres();

describeKafka("brokers that die under load", () => {
  test(
    `a broker that is killed ${KILLS} times and comes back`,
    async () => {
      await using broker = await startBroker();
      const { brokers } = broker;
      await using load = await GroupLoad.create({ brokers, server: postgres.server, partitions: 4 });
      await load.topic.send(ROWS);
      const replicas = [load.start(load.replica()), load.start(load.replica())];
      await load.goesOn();
      {
        await using _flow = load.topic.flow(PER_SECOND);
        for (let kill = 0; kill < KILLS; kill++) {
          await wait(Math.random() * 500);
          await broker.kill();
          await Promise.all(replicas.map((replica) => isTold(replica, brokers)));
          await broker.restart();
          await load.goesOn();
        }
      }
      await endExact(load, replicas);
    },
    LONG_MS,
  );

  test(
    `a cluster of three that loses the leader of a partition ${KILLS} times`,
    async () => {
      await using broker = await startBroker({ nodes: 3 });
      const { brokers } = broker;
      const copies = { replicas: 3, settings: { "min.insync.replicas": "2" } };
      await using load = await GroupLoad.create({ brokers, server: postgres.server, partitions: 3, ...copies });
      await load.topic.send(ROWS);
      const replicas = [load.start(load.replica()), load.start(load.replica())];
      await load.goesOn();
      {
        await using _flow = load.topic.flow(PER_SECOND);
        for (let kill = 0; kill < KILLS; kill++) {
          const leader = await leaderOf(brokers, load.topic.name, kill % 3);
          await broker.kill(leader);
          const sent = load.topic.sent;
          await until("messages are taken by the other nodes", () => load.topic.sent > sent || undefined);
          await load.drained(replicas[0] as Replica, sent);
          await broker.restart(leader);
        }
      }
      await endExact(load, replicas);
    },
    LONG_MS,
  );
});

/** It says who does not answer; that it tries again is in the line, too. */
async function isTold(replica: Replica, brokers: readonly string[]): Promise<void> {
  const before = replica.log.length;
  const told = await until("it says that the broker is away", () =>
    replica.log.slice(before).find(({ msg, stage }) => msg === "retrying" && stage === "source"),
  );
  expect(told).toMatchObject({ level: "warn", code: "SOURCE_FAILED" });
  expect(told["error"]).toMatch(new RegExp(`^kafka ${brokers.join(", ")}: .*(ECONNREFUSED|closed|ECONNRESET)`));
}

async function leaderOf(brokers: readonly string[], topic: string, partition: number): Promise<number> {
  const { topics } = await withAdmin(kafkaClient(brokers), (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition);
  if (found === undefined) throw new TypeError(`${topic} has no partition ${partition}`);
  return found.leader;
}

async function endExact(load: GroupLoad, replicas: readonly Replica[]): Promise<void> {
  await load.drained(replicas[0] as Replica);
  for (const replica of replicas) {
    const { summary } = await replica.leave();
    expect(summary).toMatchObject({ state: "interrupted", balanced: true, error: null });
  }
  await load.assertExact(replicas[0] as Replica);
}
