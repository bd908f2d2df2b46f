/**
 * A replica with nothing to do, and one that gets a message now and then, over many short sessions: no rebalance, next to
 * no CPU, and each message is in the table soon. `KILLS=n`: ten minutes with sessions of six seconds.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { GroupLoad } from "../support/kafka/group-load.ts";
import type { Replica } from "../support/kafka/replica.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { usePostgres } from "../support/postgres.ts";

const LONG = process.env["KILLS"] !== undefined;
const SESSION = LONG ? "6s" : "1s";
const IDLE_MS = LONG ? 5 * 60_000 : 4_000;
const TRICKLE_MS = LONG ? 5 * 60_000 : 3_000;
const EVERY_MS = LONG ? 1_000 : 200;
const INTERVAL_MS = 200;
/** Of one core. It is a tenth of that where nobody else wants the machine. */
const MOST_IDLE_CPU = 0.05;
/** A message is read, waits for its unit to end, and is committed; a busy machine takes its time for each. */
const LATEST_MS = INTERVAL_MS + 1_500;

const postgres = usePostgres({ settings: { track_commit_timestamp: "on" } });

describeKafka("a replica with little to do", () => {
  const kafka = useKafka();

  test("stays in its group, uses next to no CPU, and commits each message soon", async () => {
    const { server } = postgres;
    const job = { commit: { interval: `${INTERVAL_MS}ms` } };
    const source = { sessionTimeout: SESSION };
    await using load = await GroupLoad.create({ brokers: kafka.brokers, server, partitions: 4, source, job });
    const replica = load.start(load.replica());
    await replica.owns(4);
    await load.topic.send(1);
    await load.drained(replica);

    const idle = await shareOfCpu(replica, () => wait(IDLE_MS));
    const sentAt = new Map<number, number>();
    const trickling = await shareOfCpu(replica, async () => {
      for (const end = performance.now() + TRICKLE_MS; performance.now() < end; await wait(EVERY_MS)) {
        sentAt.set(load.topic.sent, Date.now());
        await load.topic.send(1);
      }
    });
    await load.drained(replica);
    const late = await latenesses(load, sentAt);
    console.log(
      `CPU: idle ${percent(idle)}, with a message every ${EVERY_MS} ms ${percent(trickling)}; a message is committed ` +
        `after ${median(late)} ms, the last to be so after ${Math.max(...late)} ms (commit.interval ${INTERVAL_MS} ms)`,
    );
    expect(replica.shares, "rebalances").toHaveLength(1);
    expect(replica.log.filter(({ level }) => level === "warn" || level === "error")).toEqual([
      expect.objectContaining({ msg: "records rejected" }),
    ]);
    expect(idle).toBeLessThan(MOST_IDLE_CPU);
    expect(median(late)).toBeLessThan(LATEST_MS);
    await replica.leave();
    await load.assertExact(replica);
  }, 1_200_000);
});

/** CPU that a process uses while something lasts, as a share of one core. */
async function shareOfCpu(replica: Replica, work: () => Promise<unknown>): Promise<number> {
  const before = await replica.read();
  await work();
  const after = await replica.read();
  return (after.cpuMs - before.cpuMs) / (after.upMs - before.upMs);
}

/** Milliseconds from the send of each good message to the commit of its row; server and test have one clock. */
async function latenesses(load: GroupLoad, sentAt: ReadonlyMap<number, number>): Promise<readonly number[]> {
  const rows = await postgres.server.query(
    `select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at from ${load.name}`,
  );
  return rows.flatMap(({ id, at }) => {
    const sent = sentAt.get(Number(id));
    return sent === undefined ? [] : [Math.round(Number(at) - sent)];
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
