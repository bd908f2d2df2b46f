/** What people read when a job meets a cluster: what `check` finds, and what is wrong with how it is asked. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { kafkaClient, QUICK_CONSUMER, withAdmin } from "../../support/kafka/client.ts";
import { send } from "../../support/kafka/send.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { uniqueName } from "../../support/kafka/topics.ts";
import { until } from "../../support/until.ts";
import { fakeProcess } from "../../unit/cli/support.ts";
import { clientOf, membership, nextOf } from "./reading-driver.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-kafka-messages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `check --connect` prints of a job. */
async function check(source: object, sink: object = { type: "file", path: "out-{part}.jsonl", mode: "append" }) {
  const file = path.join(folder, `${uniqueName("job")}.json`);
  writeFileSync(file, JSON.stringify({ name: "live", source: { type: "kafka", group: "live", ...source }, sink }));
  const process = fakeProcess();
  const code = await runProgram(["check", "--connect", file], process);
  return { code, out: process.out(), err: process.err() };
}

describeKafka("check --connect of a Kafka job", () => {
  const kafka = useKafka();

  test("names topics with their partitions, and where a new job begins, without joining the group", async () => {
    const [one, two] = [await kafka.createTopic({ partitions: 4 }), await kafka.createTopic()];
    await send(
      kafka.brokers,
      one,
      [0, 1, 2].map(() => ({ value: "{}", partition: 3 })),
    );
    const group = uniqueName("group");
    const ask = async (more: object) => (await check({ brokers: kafka.brokers, topics: one, group, ...more })).out;
    const label = `kafka ${one} (group ${group})`;
    const first = await ask({});
    expect(first).toContain(`live   ${label} -> file out-{part}.jsonl (append)\n`);
    expect(first).toContain(
      `found     ${label}: ${one} has 4 partitions; a new job begins at the first message (its group has committed nothing), 3 messages before the end\n`,
    );
    const admin = kafkaClient(kafka.brokers);
    await withAdmin(admin, (asked) =>
      asked.setOffsets({ groupId: group, topic: one, partitions: [{ partition: 3, offset: "2" }] }),
    );
    expect(await ask({})).toContain(
      "begins at its group's offsets (of 1 of the 4 partitions, else the first message), 1 message before the end\n",
    );
    expect(await ask({ from: "latest" })).toContain("begins at the next message, 0 messages before the end\n");
    const since = { timestamp: "2026-11-01T00:00:00+01:00" };
    expect(await ask({ topics: [one, `/^${two}$/`], from: since })).toMatch(
      new RegExp(
        `: .*${two} 1 partition.*; a new job begins at messages of 2026-10-31T23:00:00.000Z, 3 messages before`,
      ),
    );
    const sink = { type: "kafka", brokers: kafka.brokers, topic: one, key: "id" };
    const written = await check({ brokers: kafka.brokers, topics: two, group }, sink);
    expect(written.out).toContain(` -> kafka ${one} (key id)\n`);
    expect(written.out).toContain(`found     kafka ${one}: 4 partitions\n`);
    const { groups } = await withAdmin(admin, (asked) => asked.describeGroups([group]));
    expect(groups[0]?.members).toEqual([]);
  });

  test("says what is wrong, and what is like what was asked for", async () => {
    const topic = await kafka.createTopic();
    const web = http.createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(web, "listening");
    const wrong = `127.0.0.1:${(web.address() as net.AddressInfo).port}`;
    const { brokers } = kafka;
    const cases: [object, string][] = [
      [{ brokers: "127.0.0.1:1" }, "kafka 127.0.0.1:1: .*ECONNREFUSED.*; nobody listens there; check brokers"],
      [{ brokers: wrong }, `kafka ${wrong}: .*; whoever listens there hangs up: is it a broker of Kafka`],
      [{ brokers, ssl: true }, `kafka ${brokers[0]}: .*; does that port speak TLS\\? Check ssl and the port`],
      [
        { brokers, topics: `${topic}x` },
        `source.topics: kafka ${brokers[0]} has no topic ${topic}x; did you mean topic-`,
      ],
      [{ brokers, topics: "/^zzz/" }, `source.topics: kafka ${brokers[0]} has no topic that matches /\\^zzz/`],
    ];
    for (const [source, expected] of cases) {
      const { code, err } = await check({ topics: topic, ...source });
      expect.soft(err).toMatch(new RegExp(expected));
      expect.soft(code, err).toBeGreaterThan(0);
    }
    const { err } = await check({ brokers, topics: topic }, { type: "kafka", brokers, topic: `${topic}x` });
    expect(err).toMatch(new RegExp(`kafka ${brokers[0]}: there is no topic ${topic}x; did you mean topic-`));
    web.close();
  });

  test("state rewind refuses a live source and says what goes instead", async () => {
    const topic = await kafka.createTopic();
    await send(kafka.brokers, topic, [{ value: "{}" }]);
    const source = { type: "kafka", brokers: kafka.brokers, topics: topic, group: topic, until: "end" };
    const file = path.join(folder, "rewound.json");
    writeFileSync(
      file,
      JSON.stringify({ name: "rewound", source, sink: { type: "file", path: "r-{part}.jsonl", mode: "append" } }),
    );
    expect(await runProgram(["run", file, "--quiet"], fakeProcess())).toBe(0);
    const process = fakeProcess();
    expect(await runProgram(["state", "rewind", file, "--to", "start"], process)).toBe(2);
    expect(process.err()).toContain(
      `kafka ${topic} (group ${topic}) is a live source, in which no earlier ordinal can be found: stop the job, say in ` +
        "source.from where it is to begin again, and run millrace state forget <job> (REWIND_REFUSED)",
    );
  });

  test("a group of another kind is refused by name", async () => {
    const topic = await kafka.createTopic();
    const group = uniqueName("group");
    const consumer = kafkaClient(kafka.brokers).consumer({ groupId: group, ...QUICK_CONSUMER });
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
    const isMember = async () => {
      const { groups } = await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.describeGroups([group]));
      return groups[0]?.state === "Stable" || undefined;
    };
    await until("kafkajs is a member", isMember);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(group, [topic]));
    await expect(nextOf(member)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      fault: "fatal",
      message: expect.stringMatching(
        new RegExp(
          `group ${group}: .*; other members of the group are of another kind: give this job a group of its own`,
        ),
      ),
    });
    await consumer.disconnect();
  });
});
