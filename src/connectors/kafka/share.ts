/** A generation of the consumer group as a share of the source. */
import { MillraceError } from "../../core/errors.ts";
import type { Position } from "../../core/position.ts";
import type { FrameReader, Share, SplitPlan } from "../../core/ports/source.ts";
import type { Generation, KafkaReading, TopicPartition } from "./client/port.ts";
import { PartitionFrames } from "./frames.ts";
import { partitionOf, splitName } from "./split-name.ts";

/** What a share is made of. */
export interface ShareOptions {
  readonly label: string;
  readonly client: KafkaReading;
  readonly generation: Generation;
  /** Where each partition begins, in their order. */
  readonly origins: readonly bigint[];
  /** Names of a record's fields, for formats that have some. */
  readonly fields: readonly string[] | undefined;
  /** What a message without a value becomes. */
  readonly tombstone: Uint8Array;
  /** Where a partition's reading ends; null: never. */
  readonly endOf: (split: string) => bigint | null;
}

/** The partitions of one generation. */
export class KafkaShare implements Share {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #options: ShareOptions;
  /** How far each split has come, by what was said of it last. */
  readonly #reached = new Map<string, bigint>();
  readonly #readers = new Map<string, PartitionFrames>();

  constructor(options: ShareOptions) {
    const { label, generation, origins, fields } = options;
    this.label = label;
    this.#options = options;
    const planned = generation.partitions.map((at, index) =>
      planOf(at, origins[index] as bigint, { generation, fields }),
    );
    this.splits = planned.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  get revoked(): AbortSignal {
    return this.#options.generation.ended;
  }

  confirm(): Promise<void> {
    return this.#options.generation.confirm();
  }

  async open(split: SplitPlan, { token }: Position, signal: AbortSignal): Promise<FrameReader> {
    const { generation, endOf, tombstone } = this.#options;
    const at = partitionOf(split.id);
    const now = generation.topicId(at.topic);
    if (split.fingerprint !== undefined && now !== null && split.fingerprint !== now) throw remade(split.id, at.topic);
    const from = offsetIn(split.id, token);
    const reader = generation.read(at, from);
    const frames = new PartitionFrames({ reader, partition: at.partition, from, until: endOf(split.id), tombstone });
    this.#reached.set(split.id, from);
    this.#readers.set(split.id, frames);
    signal.addEventListener("abort", () => reader[Symbol.dispose](), { once: true });
    if (signal.aborted) reader[Symbol.dispose]();
    return frames;
  }

  committed(split: string, { token }: Position): void {
    const offset = offsetIn(split, token);
    this.#reached.set(split, offset);
    this.#options.generation.mark(partitionOf(split), offset);
  }

  async lag(): Promise<ReadonlyMap<string, number>> {
    const reached = [...this.#reached].map(
      ([split, offset]) => [split, this.#readers.get(split)?.reached(offset) ?? offset] as const,
    );
    const ends = await this.#options.client.offsets(
      reached.map(([split]) => partitionOf(split)),
      "latest",
    );
    return new Map(reached.map(([split, offset], index) => [split, behind(ends[index] as bigint, offset)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers.values()) await reader[Symbol.asyncDispose]();
    this.#readers.clear();
  }
}

function planOf(
  at: TopicPartition,
  origin: bigint,
  { generation, fields }: Pick<ShareOptions, "generation" | "fields">,
): SplitPlan {
  const id = generation.topicId(at.topic);
  return {
    id: splitName(at),
    origin: String(origin),
    ...(fields === undefined ? {} : { fields }),
    ...(id === null ? {} : { fingerprint: id }),
  };
}

/** Offsets, not records: what was compacted away or cannot be seen counts too, as in Kafka's own tools. */
function behind(end: bigint, reached: bigint): number {
  return Math.max(Number(end - reached), 0);
}

function offsetIn(split: string, token: string): bigint {
  if (/^\d+$/.test(token)) return BigInt(token);
  throw new MillraceError(
    "SOURCE_CHANGED",
    `${split}: "${token}" is no offset: the position is of another kind of source`,
  );
}

function remade(split: string, topic: string): MillraceError {
  return new MillraceError(
    "SOURCE_CHANGED",
    `${split}: topic ${topic} was deleted and created again since it was read: the saved positions mean other messages now. ` +
      "Forget them to begin again where source.from says: millrace state forget <job>",
    { details: { topic } },
  );
}
