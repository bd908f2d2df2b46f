/** The Kafka sink, held to what every sink has to do. */
import { describe, test } from "vitest";
import { z } from "zod";
import { kafkaSinkShape } from "../../../src/connectors/kafka/options.ts";
import { kafkaSink } from "../../../src/connectors/kafka/sink.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { sinkCases } from "../../../src/spi/conformance/sink-cases.ts";
import { describeKafka, useKafka } from "../../support/kafka/shared-broker.ts";
import { endsTransaction, ThroughProxy } from "../../support/kafka/through-proxy.ts";
import { uniqueName } from "../../support/kafka/topics.ts";

const LARGEST = 20_000;
const kafka = useKafka();

/** A topic of its own and one for its positions, behind a network that can be cut. */
class Target implements AsyncDisposable {
  readonly stateTopic = uniqueName("positions");
  readonly topic: string;
  readonly network: ThroughProxy;
  readonly #options: object;

  private constructor(topic: string, network: ThroughProxy, options: object) {
    this.topic = topic;
    this.network = network;
    this.#options = options;
  }

  static async create(options: object): Promise<Target> {
    const topic = await kafka.createTopic({ partitions: 3, settings: { "max.message.bytes": String(LARGEST) } });
    return new Target(topic, await ThroughProxy.to(Number(kafka.brokers[0]?.split(":")[1])), options);
  }

  get options() {
    const { topic, stateTopic } = this;
    return z.strictObject(kafkaSinkShape).parse({ brokers: [...kafka.brokers], topic, stateTopic, ...this.#options });
  }

  async seen(): Promise<readonly number[]> {
    const messages = await kafka.readTopic(this.topic);
    const ids = messages.map(({ value }) => (JSON.parse(String(value)) as { id: number }).id);
    return this.options.transactional === false ? [...new Set(ids)] : ids;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.network[Symbol.asyncDispose]();
  }
}

describeKafka("kafka sink", () => {
  describe.each([
    ["with keys", { key: "day" }, /^/],
    ["without keys, compressed", { compression: "zstd", headers: { of: { field: "day" } } }, /refused|reply|fenced/],
    // Where nothing is taken back: a crash may double, so a reader is taken to count each record once.
    ["without transactions", { key: "day", transactional: false }, /^(?!.*(siblings|nothing is seen|reply))/],
  ])("%s", (_, options, chosen) => {
    const cases = sinkCases<Target>({
      open: () => Target.create(options),
      bind: (target) =>
        kafkaSink.resolve(target.options, { name: "sink", baseDir: import.meta.dirname, clock: systemClock }),
      record: (number) => ({ id: number, note: `note ${number}`, day: `d${number % 2}` }),
      refused: () => ({ id: -1, note: crypto.getRandomValues(Buffer.alloc(2 * LARGEST)).toString("hex"), day: "d0" }),
      seen: (target) => target.seen(),
      loseReply: ({ network }) => {
        network.judge = (bytes) => {
          if (!endsTransaction(bytes)) return "pass";
          network.judge = () => "pass";
          return "cut-after";
        };
      },
    });
    for (const { name, run } of cases.filter((one) => chosen.test(one.name))) test(name, run);
  });
});
