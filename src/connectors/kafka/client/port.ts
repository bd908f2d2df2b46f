/**
 * What the rest of the program knows of a Kafka client: a member of a consumer group that pulls, and a few questions.
 * No type of a client library leaks through. Faults are MillraceErrors; outages that pass are `transient`.
 */

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A topic as it is now. */
export interface TopicState {
  readonly name: string;
  /** Tells a topic from one of the same name that was deleted; null where the cluster has no such ids. */
  readonly id: string | null;
  /** In order. */
  readonly partitions: readonly number[];
}

/** A place in a partition by its nature: its first message, behind its last, or the first one of a time (milliseconds). */
export type OffsetQuery = "earliest" | "latest" | { readonly timestamp: number };

/** What a reader of Kafka asks of a cluster. */
export interface KafkaReading extends AsyncDisposable {
  /**
   * The topics that exist, of those asked for by name or by pattern, in name order.
   *
   * @throws MillraceError SOURCE_FAILED
   */
  topics(wanted: readonly TopicWish[]): Promise<TopicState[]>;
  /**
   * An offset of each partition; of a time behind the last message it is the end.
   *
   * @throws MillraceError SOURCE_FAILED
   */
  offsets(partitions: readonly TopicPartition[], at: OffsetQuery): Promise<bigint[]>;
  /**
   * Where the group stands; null where it has committed nothing.
   *
   * @throws MillraceError SOURCE_FAILED
   */
  committed(group: string, partitions: readonly TopicPartition[]): Promise<(bigint | null)[]>;
  /**
   * What is committed of a part of a partition, batch by batch, outside of any group; a batch may reach beyond the end.
   *
   * @throws MillraceError SOURCE_FAILED
   */
  scan(range: ScanRange): AsyncGenerator<MessageBatch, void, undefined>;
  /** A member of a consumer group; it joins when it is first asked for a generation. */
  join(options: GroupOptions): GroupMember;
}

/** A part of a partition; the end is excluded. */
export interface ScanRange {
  readonly at: TopicPartition;
  readonly from: bigint;
  readonly end: bigint;
}

/** Which topics are wanted. */
export type TopicWish = string | RegExp;

/** How to be a member of a group. */
export interface GroupOptions {
  readonly group: string;
  readonly topics: readonly TopicWish[];
  /** Silence after which the group gives a member up, milliseconds. */
  readonly sessionTimeoutMs: number;
  /** How often topics and partitions are looked up anew, milliseconds. */
  readonly refreshMs: number;
  readonly isolation: "read_committed" | "read_uncommitted";
  /** What a compressed batch of messages may inflate to, bytes. */
  readonly maxBatchBytes: number;
}

/**
 * A member of a consumer group. It joins again by itself after a rebalance and when a connection was lost; when that
 * fails it waits to be asked again, so that whoever asks decides about pauses. Disposing leaves the group.
 */
export interface GroupMember extends AsyncDisposable {
  /**
   * Waits for the next generation in which this member has partitions; undefined once `signal` is aborted.
   *
   * @throws MillraceError SOURCE_FAILED, transient where asking again may help; SOURCE_CHANGED for a topic that is gone
   */
  next(signal: AbortSignal): Promise<Generation | undefined>;
}

/** The partitions of one member between two rebalances of its group. Nothing is fetched of a partition before `read`. */
export interface Generation {
  readonly number: number;
  readonly partitions: readonly TopicPartition[];
  /** Aborted when the partitions may have become somebody else's. */
  readonly ended: AbortSignal;
  /** The id of a topic, as of the start of the generation. */
  topicId(topic: string): string | null;
  /**
   * Resolves when the group has answered, to a request made after the call, that this generation still holds.
   *
   * @throws MillraceError ABORTED
   */
  confirm(): Promise<void>;
  /** Remembers how far a partition was worked off; sent to the group soon, and before the generation is given up. */
  mark(at: TopicPartition, offset: bigint): void;
  /** Reads a partition from an offset on; the reader before it ends. */
  read(at: TopicPartition, from: bigint): PartitionReader;
}

/** Pulls batches of one partition; fetches one ahead and no more. */
export interface PartitionReader extends Disposable {
  /**
   * The next batch; undefined once the generation has ended or the reader is disposed of.
   *
   * @throws MillraceError SOURCE_CHANGED when the offset is no longer there
   */
  next(): Promise<MessageBatch | undefined>;
}

/** Messages of one partition behind each other. What cannot be seen (aborted, control records) is left out: there may be none. */
export interface MessageBatch {
  readonly count: number;
  /** Where the partition goes on, behind everything that was looked at. */
  readonly next: bigint;
  offset(message: number): bigint;
  /** Of some messages, milliseconds since 1970; the end is excluded. */
  timestamps(begin: number, end: number): Float64Array;
  /** False where no message has a key, or headers: most topics have none. */
  readonly hasKeys: boolean;
  readonly hasHeaders: boolean;
  key(message: number): string | null;
  headers(message: number): Readonly<{ [name: string]: string }> | null;
  /** Bytes of the value; -1 for a message without one (a tombstone). */
  size(message: number): number;
  /** Copies the value. */
  copy(message: number, into: Uint8Array, at: number): void;
  /** Says that nothing of the batch will be asked for again, so that its memory can be used for others. Need not be said. */
  done(): void;
}
