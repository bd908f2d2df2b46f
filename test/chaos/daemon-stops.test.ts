/**
 * SIGTERM at random times of a daemon under full load, one job after another from a file and one from a topic, both into
 * tables: it drains and ends with 0 in time, and in the end nothing is lost and nothing doubled. `KILLS=n SEED=n` for other
 * numbers.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { type Daemon, Deployment } from "../support/daemon.ts";
import { NumberedTopic } from "../support/kafka/numbered-topic.ts";
import { describeKafka, useKafka } from "../support/kafka/shared-broker.ts";
import { usePostgres } from "../support/postgres.ts";
import { SlotLoad } from "../support/slot-load.ts";

const LONG = process.env["KILLS"] !== undefined;
const STOPS = Number(process.env["KILLS"] ?? 3);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ROWS = 100_000;
/** A daemon is let run for at most so long, milliseconds. */
const LIFE_MS = 1_000;
const DEADLINE_MS = 15_000;
const PER_SECOND = 2_000;

const postgres = usePostgres();

describeKafka("a daemon under full load", () => {
  const kafka = useKafka();

  test(
    `ends with 0 in time at each of ${STOPS} SIGTERMs, and nothing is lost or doubled (SEED=${SEED})`,
    async () => {
      const random = seededRandom(SEED);
      const { server } = postgres;
      using deployment = new Deployment({ shutdown: { deadline: `${DEADLINE_MS}ms` } });
      const files = await SlotLoad.deploy(server, deployment, {
        ...{ rows: ROWS, pauseMs: 0 },
        job: {
          chunk: { size: "256KiB" },
          trigger: { type: "cron", schedule: "* * * * * *", catchUp: "skip", overlap: "bufferOne" },
        },
      });
      await using topic = await NumberedTopic.create(kafka.brokers, { partitions: 3 });
      const table = await deployConsumer(deployment, topic);
      await topic.send(PER_SECOND);
      {
        await using _flow = topic.flow(PER_SECOND);
        for (let stop = 0; stop < STOPS; stop++) {
          const daemon = await deployment.start();
          await underWay(daemon, files.name);
          await wait(random() * LIFE_MS);
          const { code, err } = await daemon.stop();
          expect([code, daemon.log.at(-1)?.msg], err).toEqual([0, "stopped"]);
          expect(tookMs(daemon)).toBeLessThan(DEADLINE_MS);
        }
      }
      const last = await deployment.start();
      await last.until("all messages are in the table", async () => {
        const [row] = await server.query(`select count(*)::int as rows from ${table}`);
        return Number(row?.["rows"]) >= topic.sent - topic.broken.length || undefined;
      });
      await files.assertWhole(await files.rest(last));
      const { code, err } = await last.stop();
      expect(code, err).toBe(0);
      await assertConsumed(table, topic);
    },
    LONG ? 7_200_000 : 120_000,
  );

  /** @returns the name of its table and of the job */
  async function deployConsumer(deployment: Deployment, topic: NumberedTopic): Promise<string> {
    const name = `consumer${crypto.randomUUID().slice(0, 8)}`;
    await postgres.server.query(`create table ${name} (id int, name text, amount numeric(12, 2))`);
    const { brokers } = kafka;
    deployment.deploy({
      name,
      source: { type: "kafka", brokers, topics: [topic.name], group: name, from: "earliest", sessionTimeout: "6s" },
      trigger: { type: "continuous" },
      commit: { bytes: "256KiB", interval: "50ms" },
      sink: { type: "postgres", url: postgres.server.url(), table: name },
    });
    return name;
  }

  async function assertConsumed(table: string, topic: NumberedTopic): Promise<void> {
    const { server } = postgres;
    const rows = topic.sent - topic.broken.length;
    const found = await server.query(`select count(*)::int as rows, count(distinct id)::int as ids from ${table}`);
    expect(found).toEqual([{ rows, ids: rows }]);
    const [rejects] = await server.query("select count(*)::int as found from millrace.rejects where job = $1", [table]);
    expect(rejects).toEqual({ found: topic.broken.length });
  }
});

async function underWay(daemon: Daemon, job: string): Promise<void> {
  await daemon.until("a load is under way", async () => (await daemon.job(job)).running.length > 0 || undefined);
}

/** From the signal to the end, by its own log. */
function tookMs({ log }: Daemon): number {
  const at = (msg: string): number => Date.parse(String(log.findLast((line) => line.msg === msg)?.["time"]));
  return at("stopped") - at("stopping");
}
