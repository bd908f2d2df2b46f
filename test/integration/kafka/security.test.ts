/** Secured listeners, as the source meets them. */
import os from "node:os";
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from "kafkajs";
import { expect, test } from "vitest";
import type { KafkaConnection } from "../../../src/connectors/kafka/client/connection.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { startBroker } from "../../support/kafka/broker.ts";
import { describeKafka } from "../../support/kafka/shared-broker.ts";
import { kafkaClient, withAdmin } from "../../support/kafka/client.ts";
import { send } from "../../support/kafka/send.ts";
import { createTopic } from "../../support/kafka/topics.ts";
import { clientOf, membership, nextOf, readUntil } from "./reading-driver.ts";

/** A token that nobody has signed; the test broker believes it. @param expiresIn seconds from now */
function unsignedToken(expiresIn: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const parts = [{ alg: "none" }, { sub: "carol", iat: now - 120, exp: now + expiresIn }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;
}

/** Keeps a topic and a group for somebody who does not exist. */
async function keepForNobody(brokers: readonly string[], topic: string, group: string): Promise<void> {
  const rule = {
    principal: "User:nobody",
    host: "*",
    resourcePatternType: ResourcePatternTypes.LITERAL,
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW,
  };
  const acl = [
    { ...rule, resourceType: AclResourceTypes.TOPIC, resourceName: topic },
    { ...rule, resourceType: AclResourceTypes.GROUP, resourceName: group },
  ];
  await withAdmin(kafkaClient(brokers), (admin) => admin.createAcls({ acl }));
}

describeKafka("a secured cluster", () => {
  test("lets in with certificates, PLAIN and SCRAM, and says what is wrong with those that are not", async () => {
    await using broker = await startBroker({ security: true });
    const { mtls, sasl, certificates, plain, scram } = broker.secured;
    const topic = await createTopic(broker.brokers, "secured");
    await send(broker.brokers, topic, [{ value: "seen" }]);
    const { ca } = certificates;
    const login = { mechanism: "plain", ...plain } as const;
    const bearing = (expiresIn: number) =>
      ({ mechanism: "oauthbearer", token: async () => unsignedToken(expiresIn) }) as const;
    const welcome: [readonly string[], Partial<KafkaConnection>][] = [
      [mtls, { ssl: certificates }],
      [sasl, { ssl: { ca }, login }],
      [sasl, { ssl: { ca }, login: { mechanism: "scram-sha-256", ...scram } }],
      [sasl, { ssl: { ca }, login: { mechanism: "scram-sha-512", ...scram } }],
      [sasl, { ssl: { ca }, login: bearing(600) }],
    ];
    for (const [addresses, connection] of welcome) {
      await using client = clientOf(addresses, connection);
      await using member = client.join(membership(`group-${connection.login?.mechanism ?? "mtls"}`, [topic]));
      expect(await readUntil((await nextOf(member)).read({ topic, partition: 0 }, 0n), 1n)).toEqual(["seen"]);
    }
    const refused: [readonly string[], Partial<KafkaConnection>, string, string][] = [
      [
        sasl,
        { ssl: { ca }, login: { ...login, password: "amiss" } },
        "fatal",
        "check sasl: mechanism, username and password",
      ],
      [sasl, { ssl: { ca }, login: bearing(-60) }, "fatal", "check that what sasl.token gives"],
      [sasl, { ssl: true, login }, "fatal", "check ssl: ca, cert and key"],
      [mtls, { ssl: { ca } }, "fatal", "the broker wants a certificate of this client"],
      [broker.brokers, { login }, "fatal", "that listener asks for no login: take sasl out"],
      // what a broker that goes down looks like too
      [sasl, { ssl: { ca } }, "transient", "is it one that wants ssl or sasl?"],
      [broker.brokers, { ssl: { ca } }, "transient", "does that port speak TLS?"],
    ];
    for (const [addresses, connection, fault, advice] of refused) {
      await using client = clientOf(addresses, connection);
      const failure: unknown = await client.topics([topic]).catch((thrown: unknown) => thrown);
      expect.soft(failure, advice).toMatchObject({ code: "SOURCE_FAILED", fault });
      expect.soft(String(failure)).toContain(`kafka ${addresses.join(", ")}`);
      expect.soft(String(failure)).toContain(advice);
      expect.soft(String(failure)).not.toContain("amiss");
    }
    const others = await createTopic(broker.brokers, "of-others");
    await keepForNobody(broker.brokers, others, "group-of-others");
    await using client = clientOf(sasl, { ssl: { ca }, login });
    await expect(client.topics([others])).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      fault: "fatal",
      message: `kafka ${sasl[0]}: topic of-others: not allowed; grant the user Read and Describe on the topic`,
    });
    await using member = client.join(membership("group-of-others", [topic]));
    await expect(nextOf(member)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      fault: "fatal",
      message: expect.stringMatching(/group group-of-others: .*; grant the user Read on the group$/),
    });
    const sink = { type: "kafka", brokers: [...sasl], topic: others, ssl: { ca }, sasl: login };
    const source = { type: "kafka", brokers: [...broker.brokers], topics: topic, group: "writers" };
    await expect(
      runJob(defineJob({ name: "refused", source, sink } as JobConfig, { baseDir: os.tmpdir() })),
    ).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: expect.stringMatching(
        /looking for the topic of-others: .*; grant the user Write and Describe on the topic$/,
      ),
    });
  });
});
