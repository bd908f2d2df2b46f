/** Partitions the way most requests want them. */
import type { TopicPartition } from "../port.ts";

/** Groups partitions by their topics. */
export function byTopic<At extends TopicPartition, Entry>(
  partitions: Iterable<At>,
  entryOf: (at: At) => Entry,
): { readonly topic: string; readonly partitions: readonly Entry[] }[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, own]) => ({
    topic,
    partitions: own.map(entryOf),
  }));
}
