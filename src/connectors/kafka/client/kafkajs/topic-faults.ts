/** What becomes of a topic under those who read it, and what can be done about it. */
import { MillraceError } from "../../../../core/errors.ts";
import type { TopicPartition } from "../port.ts";

/** A topic, as far as it is told from another one of its name. */
interface NamedTopic {
  readonly name: string;
  readonly id: string | null;
}

/**
 * Holds topics to those of the same names that were there before.
 *
 * @param address for the message: `kafka 10.0.0.1:9092`
 * @param before ids by name
 * @throws MillraceError SOURCE_CHANGED
 */
export function assertSameTopics(
  address: string,
  topics: readonly NamedTopic[],
  before: ReadonlyMap<string, string | null>,
): void {
  const remade = topics.find(({ name, id }) => before.has(name) && before.get(name) !== id);
  if (remade === undefined) return;
  throw new MillraceError(
    "SOURCE_CHANGED",
    `${address}: topic ${remade.name} was deleted and created again while it was read: its saved positions mean other messages now. ` +
      "Forget them to begin again where source.from says: millrace state forget <job>",
    { details: { topic: remade.name } },
  );
}

/** Topics that are named in the job and do not exist. */
export function topicsGone(address: string, names: readonly string[]): MillraceError {
  return new MillraceError(
    "SOURCE_CHANGED",
    `${address}: topic ${names.join(", ")} does not exist any more: create it again, or take it out of source.topics`,
    { details: { topic: names[0] } },
  );
}

/** A position that a partition does not hold, and what it holds. */
export interface MissedRange extends TopicPartition {
  readonly position: bigint;
  readonly first: string;
  readonly end: string;
}

/** What was to be read is not there. */
export function outOfRange(address: string, { topic, partition, position, first, end }: MissedRange): MillraceError {
  const split = `${topic}-${partition}`;
  return new MillraceError(
    "SOURCE_CHANGED",
    `${address}: ${split}: offset ${position} is not there, the broker holds ${first} to ${end} (end excluded): messages were ` +
      "removed before they were read, or the topic is another one than before. Forget the saved positions to begin again " +
      "where source.from says: millrace state forget <job>",
    { details: { topic, partition, position: String(position), first, end } },
  );
}
