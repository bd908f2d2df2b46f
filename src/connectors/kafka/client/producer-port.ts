/**
 * What the sink asks of a Kafka client: sends of one partition each, transactions, and a look at one small topic.
 *
 * Every method throws MillraceError: SINK_UNAVAILABLE (transient), SINK_REFUSED (fatal), ROW_REFUSED where a message is to
 * blame (fault `record`), FENCED where a transactional id is somebody else's now.
 */

/** How batches are compressed. */
export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** A message on its way; its bytes may lie in shared memory and have to stay as they are until it is acknowledged. */
export interface OutgoingMessage {
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<{ [name: string]: Uint8Array | string }>;
}

/** Messages of one partition: a send that spans several leaders could lose some of them. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly OutgoingMessage[];
}

/** Takes messages; after any failure but ROW_REFUSED it is of no use any more, and another one has to be opened. */
export interface MessageSender {
  /** Resolves when every copy that the topic asks for has them. */
  send(batch: PartitionBatch): Promise<void>;
}

/** A producer without transactions whose retries never double a message. */
export type IdempotentProducer = MessageSender & AsyncDisposable;

/** Messages that become visible together, or never. */
export interface Transaction extends MessageSender {
  /** @throws MillraceError COMMIT_AMBIGUOUS when the answer was lost; FENCED when it has no effect */
  commit(): Promise<void>;
  /** Never throws: a transaction that nobody ends is ended by the broker. */
  abort(): Promise<void>;
}

/** The owner of a transactional id, as long as nobody else takes it. */
export interface TransactionalProducer extends AsyncDisposable {
  /** One at a time. */
  begin(): Promise<Transaction>;
}

/** A message that was read. */
export interface KeptMessage {
  readonly key: string;
  /** null: a tombstone. */
  readonly value: string | null;
}

/** What a topic is made with, where it has to be made. */
export interface TopicSettings {
  readonly partitions: number;
  readonly settings: Readonly<{ [name: string]: string }>;
}

/** A cluster as the sink sees it. */
export interface ProducerClient extends AsyncDisposable {
  /** @throws MillraceError TABLE_UNKNOWN when there is no such topic */
  partitionsOf(topic: string): Promise<number>;
  /** Makes a topic where it is missing. */
  ensureTopic(topic: string, settings: TopicSettings): Promise<void>;
  openProducer(): Promise<IdempotentProducer>;
  /** Takes a transactional id over: what its owner had open is undone, and the owner is fenced off. */
  openTransactions(transactionalId: string): Promise<TransactionalProducer>;
  /** The same without becoming the owner. */
  fence(transactionalId: string): Promise<void>;
  /**
   * Reads partition 0 of a topic, without what was aborted.
   *
   * @param from offset of the first message; 0 for all
   * @param upTo `end`: to where it ends now, and transactions that are open are waited for; `open`: to the first of these
   * @returns the offset to go on from
   */
  readCommitted(
    topic: string,
    from: bigint,
    take: (message: KeptMessage) => void,
    upTo: "end" | "open",
  ): Promise<bigint>;
}
