/** A partition's name as a split. */
import { MillraceError } from "../../core/errors.ts";
import type { TopicPartition } from "./client/port.ts";

/**
 * `topic-partition`.
 *
 * @example
 * splitName({ topic: "orders", partition: 3 }); // "orders-3"
 */
export function splitName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/**
 * The partition of a split.
 *
 * @throws MillraceError INVARIANT
 *
 * @example
 * partitionOf("my-orders-3"); // { topic: "my-orders", partition: 3 }
 */
export function partitionOf(split: string): TopicPartition {
  const dash = split.lastIndexOf("-");
  const partition = Number(split.slice(dash + 1));
  if (dash < 1 || !Number.isSafeInteger(partition)) {
    throw new MillraceError("INVARIANT", `"${split}" is no partition of a topic`);
  }
  return { topic: split.slice(0, dash), partition };
}
