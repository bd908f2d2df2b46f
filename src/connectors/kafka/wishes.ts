/** `topics` as they are asked for: names, and patterns between slashes. */
import { MillraceError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest.ts";
import type { KafkaReading, TopicState, TopicWish } from "./client/port.ts";

/** What a topic's name may be made of; a mistake in one is told before a broker is asked. */
const NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Names as they are, patterns as expressions.
 *
 * @throws MillraceError CONFIG_INVALID
 */
export function topicWishes(topics: readonly string[]): TopicWish[] {
  return topics.map((topic) => {
    if (topic.length > 2 && topic.startsWith("/") && topic.endsWith("/")) return patternOf(topic);
    if (NAME.test(topic)) return topic;
    throw new MillraceError(
      "CONFIG_INVALID",
      `source.topics: "${topic}" can be no topic: names are made of letters, digits, dot, dash and underscore; a pattern stands between slashes`,
    );
  });
}

/**
 * The topics that a job begins with.
 *
 * @param address for messages: `kafka 10.0.0.1:9092`
 * @param option where the job names them
 * @throws MillraceError SOURCE_NOT_FOUND naming what is not there and what is like it; SOURCE_FAILED
 */
export async function findTopics(
  client: KafkaReading,
  wishes: readonly TopicWish[],
  address: string,
  option = "source.topics",
): Promise<readonly TopicState[]> {
  const topics = await client.topics(wishes);
  const missing = wishes.find((wish) => typeof wish === "string" && !topics.some(({ name }) => name === wish));
  if (missing !== undefined) throw await noTopic(client, String(missing), `${option}: ${address}`);
  if (topics.length > 0) return topics;
  const patterns = wishes.map(String).join(", ");
  throw new MillraceError("SOURCE_NOT_FOUND", `${option}: ${address} has no topic that matches ${patterns}`);
}

async function noTopic(client: KafkaReading, name: string, where: string): Promise<MillraceError> {
  const others = await client.topics([/./]);
  const near = nearestName(
    name,
    others.map((topic) => topic.name),
  );
  const hint = near === undefined ? "create it first" : `did you mean ${near}?`;
  return new MillraceError("SOURCE_NOT_FOUND", `${where} has no topic ${name}; ${hint}`);
}

function patternOf(topic: string): RegExp {
  try {
    return new RegExp(topic.slice(1, -1));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new MillraceError("CONFIG_INVALID", `source.topics: ${topic} is no pattern: ${why}`, { cause });
  }
}
