/**
 * kill -9 and rebalances over three replicas that share a topic, while messages flow through them into a table and into
 * another topic; then every id is there once. `KILLS=n ROWS=n` for other numbers: n kills and n times a replica that goes
 * and comes back, and now and then one that stands still.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { GroupLoad, type GroupTarget } from "../support/kafka/zz-load.ts";
import type { Replica } from "../support/kafka/replica.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { usePostgres } from "../support/postgres.ts";

const LONG = process.env["KILLS"] !== undefined;
const KILLS = Number(process.env["KILLS"] ?? 3);
const ROWS = Number(process.env["ROWS"] ?? (LONG ? 1_000_000 : 60_000));
const PARTITIONS = 6;
const REPLICAS = 3;
/** About how long a kill with the rebalances around it takes, seconds: messages have to come for as long. */
const KILL_SECONDS = LONG ? 6 : 4;
/** One round in so many, of the long form, also stops a replica for longer than its session. */
const STOPS = 3;
const PAST_SESSION_MS = 3_500;

const postgres = usePostgres();

describeKafka("replicas that share a topic", () => {
  const kafka = useKafka();

  test.each(["table", "topic"] satisfies GroupTarget[])(
    `lose nothing and double nothing by ${KILLS} kills and ${KILLS} rebalances on the way into a %s`,
    async (into) => {
      await using load = await GroupLoad.create({
        into,
        brokers: kafka.brokers,
        server: postgres.server,
        partitions: PARTITIONS,
      });
      await load.topic.send(ROWS / 4);
      const replicas = Array.from({ length: REPLICAS }, () => load.start(load.replica()));
      await load.goesOn();
      {
        await using _flow = load.topic.flow(ROWS / 2 / (KILLS * KILL_SECONDS));
        for (let round = 0; round < KILLS; round++) {
          await killOne(load, replicas[round % REPLICAS] as Replica);
          await changeTheGroup(load, replicas[(round + 1) % REPLICAS] as Replica);
          if (LONG && round % STOPS === 0) await stopPastItsSession(load, replicas[(round + 2) % REPLICAS] as Replica);
        }
      }
      await load.topic.send(Math.max(0, ROWS - load.topic.sent));
      await load.drained(replicas[0] as Replica);
      for (const replica of replicas) {
        const { summary } = await replica.leave();
        expect(summary).toMatchObject({ state: "interrupted", balanced: true, error: null });
      }
      await load.assertExact(replicas[0] as Replica);
    },
    7_200_000,
  );
});

/** At any time of its work: its share goes to the others when its session is over, or when it comes back. */
async function killOne(load: GroupLoad, replica: Replica): Promise<void> {
  await wait(Math.random() * 400);
  await replica.kill();
  load.start(replica);
  await load.goesOn();
}

/** One goes and comes back: the group shares out twice. */
async function changeTheGroup(load: GroupLoad, replica: Replica): Promise<void> {
  await wait(Math.random() * 400);
  await replica.leave();
  load.start(replica);
  await load.goesOn();
}

/** It wakes up with what it had under way, which others have done meanwhile. */
async function stopPastItsSession(load: GroupLoad, replica: Replica): Promise<void> {
  replica.running.kill("SIGSTOP");
  await wait(PAST_SESSION_MS);
  replica.running.kill("SIGCONT");
  await load.goesOn();
}
