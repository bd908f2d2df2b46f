/** Members of a consumer group: what they keep through rebalances, changes of topics and the end of brokers. */
import { expect, test } from "vitest";
import { startBroker } from "../../support/kafka/broker.ts";
import { kafkaClient, QUICK_CONSUMER, withAdmin } from "../../support/kafka/client.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { send } from "../../support/kafka/send.ts";
import { createTopic, uniqueName } from "../../support/kafka/topics.ts";
import { until } from "../../support/until.ts";
import { clientOf, membership, nextOf, nextThrough, readUntil, wireTo } from "./reading-driver.ts";

const at = (topic: string, partition = 0) => ({ topic, partition });

describeKafka("GroupMember", () => {
  const kafka = useKafka();

  test("what was marked reaches the group before a rebalance and before it is left", async () => {
    const topic = await kafka.createTopic({ partitions: 2 });
    const group = uniqueName("group");
    const both = [at(topic, 0), at(topic, 1)];
    await using client = clientOf(kafka.brokers);
    await using first = client.join(membership(group, [topic]));
    const alone = await nextOf(first);
    expect(alone.partitions).toEqual(both);
    expect(await client.committed(group, both)).toEqual([null, null]);
    alone.mark(at(topic, 1), 17n);
    await using second = client.join(membership(group, [topic]));
    const [mine, theirs] = await Promise.all([nextOf(first), nextOf(second)]);
    expect(alone.ended.aborted).toBe(true);
    await expect(alone.confirm()).rejects.toMatchObject({ code: "ABORTED" });
    expect([...mine.partitions, ...theirs.partitions].toSorted((a, b) => a.partition - b.partition)).toEqual(both);
    expect(await client.committed(group, both)).toEqual([null, 17n]);
    theirs.mark(theirs.partitions[0] ?? at(topic), 23n);
    await second[Symbol.asyncDispose]();
    const [left] = await client.committed(group, theirs.partitions);
    expect(left).toBe(23n);
    // it was told: nobody waited for the session to end
    expect((await nextOf(first)).partitions).toEqual(both);
  });

  test("a member without partitions waits until one is free", async () => {
    const topic = await kafka.createTopic();
    const group = uniqueName("group");
    await using client = clientOf(kafka.brokers);
    await using first = client.join(membership(group, [topic]));
    await using second = client.join(membership(group, [topic]));
    const own = new AbortController();
    const [one, other] = [first, second].map((member) => member.next(own.signal).then(() => member));
    if (one === undefined || other === undefined) throw new TypeError("no members");
    const holder = await Promise.race([one, other]);
    await until("both belong", async () => ((await memberIds(group)).length === 2 ? true : undefined));
    await holder[Symbol.asyncDispose]();
    expect(await (holder === first ? other : one)).toBe(holder === first ? second : first);
  });

  test("confirm() asks the group: one who was thrown out hears it at once, and joins anew", async () => {
    const topic = await kafka.createTopic();
    const group = uniqueName("group");
    await using client = clientOf(kafka.brokers);
    // long enough for the member not to notice by itself
    await using member = client.join(membership(group, [topic], { sessionTimeoutMs: 60_000 }));
    const generation = await nextOf(member);
    await generation.confirm();
    await throwOut(kafka.brokers, group);
    expect(generation.ended.aborted).toBe(false);
    await expect(generation.confirm()).rejects.toMatchObject({ code: "ABORTED" });
    const next = await nextOf(member);
    await next.confirm();
    expect(next.partitions).toEqual([at(topic)]);
  });

  test("new partitions, and new topics that match, come with a new generation", async () => {
    const prefix = uniqueName("grown");
    const topic = await kafka.createTopic({}, prefix);
    await using client = clientOf(kafka.brokers);
    const options = membership(uniqueName("group"), [new RegExp(`^${prefix}`)], { refreshMs: 200 });
    await using member = client.join(options);
    expect((await nextOf(member)).partitions).toEqual([at(topic)]);
    await withAdmin(kafkaClient(kafka.brokers), (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }),
    );
    expect((await nextOf(member)).partitions).toEqual([at(topic), at(topic, 1), at(topic, 2)]);
    const other = await kafka.createTopic({}, prefix);
    const grown = await nextOf(member);
    expect(grown.partitions.map((partition) => partition.topic)).toContain(other);
  });

  test("a topic that is created again under the same name ends the reading, whatever its offsets", async () => {
    const topic = await kafka.createTopic();
    await send(kafka.brokers, topic, [{ value: "old" }]);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic], { refreshMs: 200 }));
    const generation = await nextOf(member);
    const reader = generation.read(at(topic), 0n);
    await readUntil(reader, 1n);
    const rest = reader.next();
    await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.deleteTopics({ topics: [topic] }));
    await until("created again", () => createTopic(kafka.brokers, topic).catch(() => undefined));
    await send(
      kafka.brokers,
      topic,
      Array.from({ length: 10 }, () => ({ value: "new" })),
    );
    const seen = await rest;
    expect(seen).toBeUndefined();
    await expect(nextOf(member)).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      message: expect.stringContaining(`topic ${topic} was deleted and created again while it was read`),
    });
  });

  test("a topic that is deleted ends the reading with its name", async () => {
    const topic = await kafka.createTopic();
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic], { refreshMs: 200 }));
    const reader = (await nextOf(member)).read(at(topic), 0n);
    await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.deleteTopics({ topics: [topic] }));
    expect(await reader.next()).toBeUndefined();
    await expect(nextOf(member)).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      fault: "fatal",
      message: `kafka ${kafka.brokers.join(", ")}: topic ${topic} does not exist any more: create it again, or take it out of source.topics`,
    });
  });

  test("an offset that is not there any more says what is there and what to do", async () => {
    const topic = await kafka.createTopic();
    await send(
      kafka.brokers,
      topic,
      Array.from({ length: 9 }, () => ({ value: "x" })),
    );
    await withAdmin(kafkaClient(kafka.brokers), async (admin) => {
      // kafkajs deletes only of topics that it has heard of
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "5" }] });
    });
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic]));
    const generation = await nextOf(member);
    for (const gone of [2n, 12n]) {
      const reader = generation.read(at(topic), gone);
      await expect(reader.next()).rejects.toMatchObject({
        code: "SOURCE_CHANGED",
        message: expect.stringContaining(
          `${topic}-0: offset ${gone} is not there, the broker holds 5 to 9 (end excluded)`,
        ),
      });
      await expect(reader.next()).rejects.toThrow("millrace state forget <job>");
    }
    expect(await readUntil(generation.read(at(topic), 5n), 9n)).toHaveLength(4);
    // nothing was committed in its place
    expect(generation.ended.aborted).toBe(false);
  });

  test("an idle member uses next to no CPU, and Node warns of nothing", async () => {
    const topic = await kafka.createTopic({ partitions: 4 });
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): number => warnings.push(name);
    process.on("warning", onWarning);
    await using client = clientOf(kafka.brokers);
    await using member = client.join(membership(uniqueName("group"), [topic], { sessionTimeoutMs: 6_000 }));
    const generation = await nextOf(member);
    const waiting = generation.partitions.map((partition) => generation.read(partition, 0n).next());
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 2_000_000).toBeLessThan(0.02);
    expect(warnings).toEqual([]);
    process.off("warning", onWarning);
    await member[Symbol.asyncDispose]();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("what a group does not take is said with what to change", async () => {
    const topic = await kafka.createTopic();
    const group = uniqueName("group");
    await using client = clientOf(kafka.brokers);
    await using patient = client.join(membership(group, [topic], { sessionTimeoutMs: 100 * 60 * 60_000 }));
    await expect(nextOf(patient)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      fault: "fatal",
      message: expect.stringContaining("set sessionTimeout between the broker's group.min.session.timeout.ms"),
    });
    const consumer = kafkaClient(kafka.brokers).consumer({ ...QUICK_CONSUMER, groupId: group });
    await consumer.subscribe({ topic });
    const joined = Promise.withResolvers<void>();
    consumer.on("consumer.group_join", () => joined.resolve());
    await consumer.run({ eachMessage: () => Promise.resolve() });
    await joined.promise;
    await using stranger = client.join(membership(group, [topic]));
    await expect(nextOf(stranger)).rejects.toThrow(
      "other members of the group are of another kind: give this job a group of its own",
    );
    await consumer.disconnect();
  });

  test("next() gives nothing once it is aborted or the member has left", async () => {
    const topic = await kafka.createTopic();
    await using client = clientOf(kafka.brokers);
    const member = client.join(membership(uniqueName("group"), [topic]));
    expect(await member.next(AbortSignal.abort())).toBeUndefined();
    await nextOf(member);
    const later = member.next(new AbortController().signal);
    await member[Symbol.asyncDispose]();
    expect(await later).toBeUndefined();
    expect(await member.next(new AbortController().signal)).toBeUndefined();
  });

  test("a broker that is killed and comes back is waited for, and the reading goes on where it was", async () => {
    await using broker = await startBroker();
    const topic = await createTopic(broker.brokers, "kept");
    await send(broker.brokers, topic, [{ value: "before" }]);
    await using client = clientOf(broker.brokers);
    await using member = client.join(membership("group", [topic]));
    const generation = await nextOf(member);
    const reader = generation.read(at(topic), 0n);
    expect(await readUntil(reader, 1n)).toEqual(["before"]);
    await broker.kill();
    expect(await reader.next()).toBeUndefined();
    const failures: unknown[] = [];
    const next = nextThrough(member, (thrown) => failures.push(thrown));
    await until("it has failed", () => failures[0]);
    await broker.restart();
    const after = (await next).read(at(topic), 1n);
    await send(broker.brokers, topic, [{ value: "after" }]);
    expect(await readUntil(after, 2n)).toEqual(["after"]);
    expect(failures[0]).toMatchObject({ code: "SOURCE_FAILED", fault: "transient" });
    expect(String(failures[0])).toContain(`kafka ${broker.brokers.join(", ")}`);
  });

  async function memberIds(group: string): Promise<string[]> {
    const { groups } = await withAdmin(kafkaClient(kafka.brokers), (admin) => admin.describeGroups([group]));
    return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId));
  }

  /** As the group's coordinator does with one that was silent for too long. */
  async function throwOut(brokers: readonly string[], group: string): Promise<void> {
    const [memberId] = await memberIds(group);
    await using broker = await wireTo(brokers);
    await broker.leaveGroup({ groupId: group, memberId: memberId ?? "" });
  }
});
