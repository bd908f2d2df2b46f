/** Which topics there are, of those that are wanted. */
import { MillraceError } from "../../../../core/errors.ts";
import type { TopicWish } from "../port.ts";
import type { Cluster } from "./cluster.ts";
import type { TopicMetadata } from "./metadata.ts";

/** Kafka's numbers of what a topic may suffer from. */
const UNKNOWN_TOPIC = 3;
const INVALID_NAME = 17;
const NOT_ALLOWED = 29;

/** The topics that were found, and the names for which there is none. */
export interface WantedTopics {
  /** In name order. */
  readonly topics: readonly TopicMetadata[];
  readonly missing: readonly string[];
}

/** Whether a topic does not exist. */
export function isMissing({ error }: TopicMetadata): boolean {
  return error === UNKNOWN_TOPIC || error === INVALID_NAME;
}

/**
 * Looks topics up. Patterns look at all topics but those of Kafka itself, and only at what the user may see.
 *
 * @throws MillraceError SOURCE_FAILED naming a topic that the user may not read
 */
export async function wantedTopics(cluster: Cluster, wanted: readonly TopicWish[]): Promise<WantedTopics> {
  const names = wanted.filter((wish) => typeof wish === "string");
  const patterns = wanted.filter((wish) => typeof wish !== "string");
  const { topics: all } = await cluster.metadata(patterns.length === 0 ? names : null);
  const found = new Map(all.map((topic) => [topic.name, topic]));
  const refused = names.map((name) => found.get(name)).find((topic) => topic?.error === NOT_ALLOWED);
  if (refused !== undefined) {
    const message = `${cluster.address}: topic ${refused.name}: not allowed; grant the user Read and Describe on the topic`;
    throw new MillraceError("SOURCE_FAILED", message);
  }
  const there = all.filter((topic) => !isMissing(topic) && topic.error !== NOT_ALLOWED);
  const topics = there.filter(
    ({ name }) => names.includes(name) || (!name.startsWith("__") && patterns.some((pattern) => pattern.test(name))),
  );
  return {
    topics: topics.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    missing: names.filter((name) => !topics.some((topic) => topic.name === name)),
  };
}
