/** How reading a topic ends: at the end that was there at the start, and when somebody asks a replica to stop. */
import { expect, test } from "vitest";
import { GroupLoad } from "../support/kafka/group-load.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { usePostgres } from "../support/postgres.ts";

const MESSAGES = 30_000;
/** Far below the session: nobody waited for that. */
const SOON_MS = 5_000;

const postgres = usePostgres();

describeKafka("the end of reading", () => {
  const kafka = useKafka();

  test("until: end takes what was there at the start, whatever comes meanwhile, and a second run the rest", async () => {
    const options = { brokers: kafka.brokers, server: postgres.server, partitions: 4 };
    const job = { trigger: { type: "once" } };
    await using load = await GroupLoad.create({ ...options, source: { until: "end" }, job });
    await load.topic.send(MESSAGES);
    const replica = load.replica();
    load.start(replica);
    // the ends were asked for before it joined its group
    await replica.owns(4);
    {
      await using _flow = load.topic.flow(4_000);
      const { code, out, err } = await replica.running.ended;
      expect(code, err).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ state: "succeeded", read: MESSAGES, balanced: true });
    }
    expect(load.topic.sent).toBeGreaterThan(MESSAGES);
    const rest = await load.start(replica).running.ended;
    expect(rest.code, rest.err).toBe(0);
    expect(JSON.parse(rest.out)).toMatchObject({ state: "succeeded", read: load.topic.sent - MESSAGES });
    await load.assertExact(replica);
  });

  test("SIGTERM leaves the group at once: the others have all partitions long before a session is over", async () => {
    const source = { sessionTimeout: "30s" };
    await using load = await GroupLoad.create({
      brokers: kafka.brokers,
      server: postgres.server,
      partitions: 4,
      source,
    });
    await load.topic.send(MESSAGES);
    const [goes, stays] = [load.start(load.replica()), load.start(load.replica())];
    await Promise.all([goes.owns(2), stays.owns(2)]);
    {
      await using _flow = load.topic.flow(2_000);
      await load.goesOn();
      const asked = performance.now();
      const [{ summary }] = await Promise.all([goes.leave(), stays.owns(4)]);
      const took = performance.now() - asked;
      console.log(`SIGTERM: another replica has all partitions after ${Math.round(took)} ms`);
      expect(took).toBeLessThan(SOON_MS);
      expect(summary).toMatchObject({ state: "interrupted", balanced: true, error: null });
      expect(goes.log.find(({ msg }) => msg === "draining")).toMatchObject({ reason: "SIGTERM" });
      expect(goes.running.err).toContain("SIGTERM: finishing what is in flight; once more stops at once");
    }
    await load.drained(stays);
    await stays.leave();
    await load.assertExact(stays);
  });
});
