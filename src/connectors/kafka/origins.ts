/** Where a partition begins of which nothing was ever committed with its data. */
import type { KafkaReading, TopicPartition } from "./client/port.ts";
import type { KafkaSourceOptions } from "./options.ts";

/** In words: where a job begins of which nothing is committed, by what its group has committed. */
export function describeBegin(from: KafkaSourceOptions["from"], committed: readonly (bigint | null)[]): string {
  if (from === "earliest") return "the first message";
  if (from === "latest") return "the next message";
  if (from !== "committed") return `messages of ${new Date(from.timestamp).toISOString()}`;
  const known = committed.filter((offset) => offset !== null).length;
  if (known === 0) return "the first message (its group has committed nothing)";
  const rest =
    known < committed.length ? ` (of ${known} of the ${committed.length} partitions, else the first message)` : "";
  return `its group's offsets${rest}`;
}

/** What {@link findOrigins} needs. */
export interface OriginsRequest {
  readonly client: KafkaReading;
  readonly from: KafkaSourceOptions["from"];
  readonly group: string;
  readonly partitions: readonly TopicPartition[];
  /** Whether a partition was there when the job began. */
  readonly wasThere: (at: TopicPartition) => boolean;
}

/**
 * The offset of each partition's first record.
 *
 * @throws MillraceError SOURCE_FAILED
 */
export async function findOrigins(request: OriginsRequest): Promise<bigint[]> {
  const { client, from, partitions } = request;
  if (partitions.length === 0) return [];
  const earliest = await client.offsets(partitions, "earliest");
  if (from === "earliest") return earliest;
  return from === "committed" ? committed(request, earliest) : fromNowOn(request, from, earliest);
}

/** What the group has committed may be gone, or be of a topic that was another one: then there is nothing to go on from. */
async function committed(
  { client, group, partitions }: OriginsRequest,
  earliest: readonly bigint[],
): Promise<bigint[]> {
  const offsets = await client.committed(group, partitions);
  const latest = await client.offsets(partitions, "latest");
  return earliest.map((begin, index) => {
    const offset = offsets[index] ?? begin;
    return offset >= begin && offset <= (latest[index] as bigint) ? offset : begin;
  });
}

/**
 * A partition that came while the job was running is read from its beginning: what was sent to it was sent after the job
 * began.
 */
async function fromNowOn(
  { client, partitions, wasThere }: OriginsRequest,
  from: "latest" | { readonly timestamp: string | number },
  earliest: readonly bigint[],
): Promise<bigint[]> {
  const offsets = await client.offsets(partitions, from === "latest" ? from : { timestamp: timeOf(from.timestamp) });
  return partitions.map((at, index) => (wasThere(at) ? (offsets[index] as bigint) : (earliest[index] as bigint)));
}

function timeOf(timestamp: string | number): number {
  return typeof timestamp === "number" ? timestamp : Date.parse(timestamp);
}
