/** Secured listeners, as the source meets them. */
import { expect, test } from "vitest";
import type { KafkaConnection } from "../../../src/connectors/kafka/client/connection.ts";
import { startBroker } from "../../support/kafka/broker.ts";
import { describeKafka } from "../../support/kafka/shared-broker.ts";
import { send } from "../../support/kafka/send.ts";
import { createTopic } from "../../support/kafka/topics.ts";
import { clientOf, membership, nextOf, readUntil } from "./reading-driver.ts";

describeKafka("a secured cluster", () => {
  test("lets in with certificates, PLAIN and SCRAM, and says what is wrong with those that are not", async () => {
    await using broker = await startBroker({ security: true });
    const { mtls, sasl, certificates, plain, scram } = broker.secured;
    const topic = await createTopic(broker.brokers, "secured");
    await send(broker.brokers, topic, [{ value: "seen" }]);
    const { ca } = certificates;
    const login = { mechanism: "plain", ...plain } as const;
    const welcome: [readonly string[], Partial<KafkaConnection>][] = [
      [mtls, { ssl: certificates }],
      [sasl, { ssl: { ca }, login }],
      [sasl, { ssl: { ca }, login: { mechanism: "scram-sha-256", ...scram } }],
      [sasl, { ssl: { ca }, login: { mechanism: "scram-sha-512", ...scram } }],
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
      [sasl, { ssl: true, login }, "fatal", "check ssl: ca, cert and key"],
      [mtls, { ssl: { ca } }, "fatal", "check ssl: ca, cert and key"],
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
  });
});
