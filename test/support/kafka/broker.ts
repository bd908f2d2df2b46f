/** A real Kafka broker for tests and the demo; free of any test framework. */
import { type BrokerOptions, KafkaBroker } from "./cluster.ts";
import { installKafka } from "./jars.ts";

/**
 * Starts a broker: about two seconds, and up to a minute more where Kafka has to be fetched first.
 *
 * @throws MillraceError INVARIANT when Java, Maven or (for `security`) openssl do not do their part
 * @example
 * await using broker = await startBroker();
 * const kafka = kafkaClient(broker.brokers);
 */
export async function startBroker(options: BrokerOptions = {}): Promise<KafkaBroker> {
  return KafkaBroker.start(await installKafka(), options);
}
