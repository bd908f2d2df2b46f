/**
 * A table that nobody can write for longer than the consumer's session, and a partition that is slow: the group is kept,
 * memory stays small, and what can go on does. `KILLS=n` locks the table for a minute, with more messages waiting.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { GroupLoad } from "../support/kafka/group-load.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { WriteLock } from "../support/lock.ts";
import { usePostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const LONG = process.env["KILLS"] !== undefined;
const SESSION_MS = 2_000;
const STALL_MS = LONG ? 60_000 : 2.5 * SESSION_MS;
const PAD_BYTES = 10_000;
/** Far more than may be held. */
const MESSAGES = LONG ? 60_000 : 14_000;
const MOST_RSS_BYTES = 250 * 1024 * 1024;

const postgres = usePostgres();

/** Waits, in each call for a message of partition 0, until a file is gone. */
const GATED = `import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
export default async (record, { message }) => {
  while (message.partition === 0 && existsSync("gate")) await wait(20);
  return record;
};
`;

describeKafka("what stalls", () => {
  const kafka = useKafka();

  test("a table that is locked for longer than the session costs neither the group nor memory", async () => {
    const { server } = postgres;
    const job = { select: ["id", "name", "amount"] };
    const settings = { "max.message.bytes": "16000000" };
    const options = { brokers: kafka.brokers, server, partitions: 4, padBytes: PAD_BYTES, settings, job };
    await using load = await GroupLoad.create(options);
    await load.topic.send(400);
    const replica = load.start(load.replica());
    await load.drained(replica);
    let rssBytes = 0;
    {
      await using lock = await WriteLock.take(server, load.name);
      await load.topic.send(MESSAGES);
      await lock.met();
      await wait(STALL_MS);
      rssBytes = (await replica.read()).rssBytes;
    }
    await load.drained(replica);
    const told = replica.log.map(({ msg }) => msg);
    const { summary } = await replica.leave();
    await load.assertExact(replica);
    expect(replica.shares, "rebalances").toHaveLength(1);
    expect(told).not.toContain("restarting");
    expect(summary).toMatchObject({ state: "interrupted", balanced: true, restarts: 0 });
    console.log(`RSS with the table locked: ${Math.round(rssBytes / 1024 / 1024)} MiB`);
    expect(rssBytes).toBeLessThan(MOST_RSS_BYTES);
  }, 600_000);

  test("a partition that is slow does not stop the others", async () => {
    const { server } = postgres;
    const job = { transform: { module: "./transform.ts", mode: "async", timeout: "60s" }, chunk: { size: "4KiB" } };
    await using load = await GroupLoad.create({ brokers: kafka.brokers, server, partitions: 3, job });
    await load.topic.send(3_000);
    const replica = load.replica();
    replica.project.write("transform.ts", GATED);
    load.start(replica);
    await load.drained(replica);
    replica.project.write("gate", "");
    for (let round = 0; round < 2; round++) {
      await load.topic.send(6_000);
      const { sent } = load.topic;
      await until("the others are worked off", async () => (await load.behind(sent)).join() === "0" || undefined);
    }
    replica.project.remove("gate");
    await load.drained(replica);
    expect(replica.shares, "rebalances").toHaveLength(1);
    await replica.leave();
    await load.assertExact(replica);
  });
});
