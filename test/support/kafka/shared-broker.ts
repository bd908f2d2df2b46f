/** What test files use of Kafka: suites that need it, and the broker that they share. */
import { beforeAll, describe, inject, test } from "vitest";
import { isCi } from "../ci.ts";
import { createTopic, readTopic, type TopicMessage, type TopicOptions, uniqueName } from "./topics.ts";

/** Kafka may have to be fetched first. */
const START_TIMEOUT_MS = 11 * 60_000;

/** Tests that need Kafka: skipped where it cannot run; in CI that is a failure. */
export function describeKafka(name: string, suite: () => void): void {
  const { missing } = inject("kafka");
  if (missing === undefined) describe(name, suite);
  else if (!isCi()) describe.skip(name, suite);
  else {
    test(`${name}: Kafka runs here`, () => {
      throw new TypeError(`CI has to run the tests that need Kafka, but ${missing}`);
    });
  }
}

/**
 * The broker of the run, started before the first test that needs it.
 *
 * @example
 * const kafka = useKafka();
 * test("...", async () => {
 *   const topic = await kafka.createTopic({ partitions: 4 });
 * });
 */
export function useKafka(): SharedKafka {
  const shared = new SharedKafka();
  beforeAll(() => shared.find(), START_TIMEOUT_MS);
  return shared;
}

/** Everybody's broker: whoever uses it leaves what others made, and does not stop it. */
class SharedKafka {
  #brokers: readonly string[] = [];

  /** Its addresses. */
  get brokers(): readonly string[] {
    if (this.#brokers.length === 0) throw new TypeError("the broker starts before the tests, not before their file");
    return this.#brokers;
  }

  /** Starts it, or asks where it is. */
  async find(): Promise<void> {
    const response = await fetch(inject("kafka").url);
    if (!response.ok) throw new TypeError(await response.text());
    this.#brokers = (await response.json()) as string[];
  }

  /** Makes a topic of the caller's own. @param prefix what its name begins with */
  createTopic(options: TopicOptions = {}, prefix = "topic"): Promise<string> {
    return createTopic(this.brokers, uniqueName(prefix), options);
  }

  /** All its committed messages. */
  readTopic(topic: string): Promise<readonly TopicMessage[]> {
    return readTopic(this.brokers, topic);
  }
}
