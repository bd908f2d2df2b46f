/** A load of files into Kafka that is killed on the way: a reader of committed messages sees every record once. */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { kafkaClient, withAdmin } from "../../support/kafka/client.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const RECORDS = 20_000;
const CUSTOMERS = 50;
const MINUTE = 60_000;
const kafka = useKafka();

const line = (id: number): string =>
  id % 1_000 === 7 ? "not json\n" : `${JSON.stringify({ id, customer: `c${id % CUSTOMERS}` })}\n`;

/** Waits over each record as long as a file is there, so that the kills meet a run that is under way. */
const TRANSFORM = `import { existsSync } from "node:fs";
const cell = new Int32Array(new SharedArrayBuffer(4));
let looked = 0;
export default (record) => {
  if (looked++ % 50 === 0 && existsSync("slow")) Atomics.wait(cell, 0, 0, 5);
  return record;
};
`;

/** Each commit writes a position. */
async function commits(stateTopic: string): Promise<number> {
  const [partition] = await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.fetchTopicOffsets(stateTopic));
  return Number(partition?.high);
}

describeKafka("file -> kafka", () => {
  test(
    "is exact for readers of committed messages after it was killed a few times",
    async () => {
      using project = new Project();
      const topic = await kafka.createTopic({ partitions: 3 });
      const stateTopic = await kafka.createTopic({ settings: { "cleanup.policy": "compact" } });
      project.write("in.jsonl", Array.from({ length: RECORDS }, (_, id) => line(id)).join(""));
      project.write("transform.ts", TRANSFORM);
      project.write("slow", "");
      const job = project.job({
        source: { type: "file", path: "in.jsonl" },
        transform: "./transform.ts",
        sink: {
          type: "kafka",
          brokers: [...kafka.brokers],
          topic,
          stateTopic,
          key: "customer",
          headers: { origin: "test", of: { field: "customer" } },
        },
        chunk: { size: "16KiB" },
        commit: { bytes: "64KiB" },
        errors: { maxRejects: 1_000 },
      });
      for (let kill = 0; kill < 3; kill++) {
        const before = await commits(stateTopic);
        const run = project.start(["run", job, "--json"]);
        await until("a few commits", async () => run.over || (await commits(stateTopic)) > before + 12 || undefined);
        await wait(37 * kill);
        expect(run.over, run.err).toBe(false);
        run.kill("SIGKILL");
        await run.ended;
      }
      project.remove("slow");
      const { summary, err } = await project.summaryOf([job]);
      const bad = RECORDS / 1_000;
      expect(summary, err).toMatchObject({ state: "succeeded", resumed: true, balanced: true, rejected: bad });
      expect(summary.written).toBe(RECORDS - bad);

      const messages = await kafka.readTopic(topic);
      const last = new Map<string, number>();
      for (const { key, value, headers } of messages) {
        const { id, customer } = JSON.parse(String(value)) as { id: number; customer: string };
        expect([String(key), String(headers?.["of"]), String(headers?.["origin"])]).toEqual([
          customer,
          customer,
          "test",
        ]);
        expect(id, "in order within a key").toBeGreaterThan(last.get(customer) ?? -1);
        last.set(customer, id);
      }
      const ids = messages
        .map(({ value }) => (JSON.parse(String(value)) as { id: number }).id)
        .toSorted((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: RECORDS }, (_, id) => id).filter((id) => id % 1_000 !== 7));
    },
    2 * MINUTE,
  );
});
