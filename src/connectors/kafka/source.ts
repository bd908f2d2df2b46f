/** The Kafka source: every partition is a split, every generation of the consumer group a share. */
import { MillraceError } from "../../core/errors.ts";
import type { Position } from "../../core/position.ts";
import type {
  BoundSource,
  Share,
  Shares,
  SharesPreview,
  SourceConnector,
  SourceContext,
} from "../../core/ports/source.ts";
import { readConnection } from "./client/connection.ts";
import { connectForReading } from "./client/kafkajs/reading.ts";
import type { Generation, GroupMember, KafkaReading, TopicPartition, TopicState, TopicWish } from "./client/port.ts";
import type { KafkaSourceOptions } from "./options.ts";
import { describeBegin, findOrigins } from "./origins.ts";
import { KafkaShare } from "./share.ts";
import { splitName } from "./split-name.ts";
import { findTopics, topicWishes } from "./wishes.ts";

/** How often new topics and partitions are looked for. */
const REFRESH_MS = 30_000;

/** A message without a value: JSON has a word for it, elsewhere it is empty. */
const JSON_NULL = Buffer.from("null");
const NOTHING = Buffer.alloc(0);

/** Reads topics as a member of a consumer group. */
export const kafkaSource: SourceConnector<KafkaSourceOptions> = { resolve };

async function resolve(options: KafkaSourceOptions, context: SourceContext): Promise<BoundSource> {
  const wishes = topicWishes(options.topics);
  const connection = await readConnection(options, context.baseDir);
  await using opened = new AsyncDisposableStack();
  const client = opened.use(connectForReading(connection));
  const topics = await findTopics(client, wishes, `kafka ${connection.brokers.join(", ")}`);
  const partitions = partitionsOf(topics);
  const ends = options.until === "end" ? await client.offsets(partitions, "latest") : null;
  const { group, sessionTimeout: sessionTimeoutMs, isolation, inflate } = options;
  const reading = { isolation, maxBatchBytes: inflate.maxBytes };
  const member = opened.use(
    client.join({ group, topics: wishes, sessionTimeoutMs, refreshMs: REFRESH_MS, ...reading }),
  );
  const kept = opened.move();
  return new KafkaSource({
    options,
    client,
    wishes,
    member,
    fields: fieldsOf(context),
    ends: new Map(partitions.map((at, index) => [splitName(at), ends?.[index] ?? null])),
    close: () => kept.disposeAsync(),
  });
}

interface Parts {
  readonly options: KafkaSourceOptions;
  readonly client: KafkaReading;
  readonly wishes: readonly TopicWish[];
  readonly member: GroupMember;
  readonly fields: readonly string[] | undefined;
  /** The partitions that were there when the job began, and where reading them ends; null: never. */
  readonly ends: ReadonlyMap<string, bigint | null>;
  readonly close: () => Promise<void>;
}

class KafkaSource implements BoundSource, Shares {
  readonly label: string;
  readonly splits = [];
  readonly #parts: Parts;
  /** A generation that is ours and has become no share yet. */
  #generation: Generation | undefined;
  #share: KafkaShare | undefined;

  constructor(parts: Parts) {
    const { topics, group } = parts.options;
    this.label = `kafka ${topics.join(", ")} (group ${group})`;
    this.#parts = parts;
  }

  get shares(): Shares {
    return this;
  }

  /** A share that was not taken back before this is called was read to its end. */
  async next(signal: AbortSignal): Promise<Share | undefined> {
    const isAtEnd = this.#parts.options.until === "end" && this.#share?.revoked.aborted === false;
    while (!isAtEnd) {
      if (this.#generation?.ended.aborted !== false) this.#generation = await this.#parts.member.next(signal);
      if (this.#generation === undefined) break;
      const share = await this.#shareOf(this.#generation);
      // where it begins may have been asked for so long that it is somebody else's by now
      if (share.revoked.aborted) continue;
      this.#generation = undefined;
      this.#share = share;
      return share;
    }
    return undefined;
  }

  async preview(): Promise<SharesPreview> {
    const { options, client, wishes } = this.#parts;
    const topics = await client.topics(wishes);
    const partitions = partitionsOf(topics);
    const committed = await client.committed(options.group, partitions);
    const origins = await findOrigins({ ...options, client, partitions, wasThere: () => true });
    const ends = await client.offsets(partitions, "latest");
    return {
      parts: topics.map(({ name, partitions: { length } }) => ({ name, splits: length })),
      begins: describeBegin(options.from, committed),
      records: ends.reduce((sum, end, index) => sum + Number(end - (origins[index] as bigint)), 0),
    };
  }

  open(): Promise<never> {
    throw new MillraceError("INVARIANT", `${this.label}: only a share of it can be opened`);
  }

  committed(split: string, position: Position): void {
    this.#share?.committed(split, position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  async #shareOf(generation: Generation): Promise<KafkaShare> {
    const { options, client, fields, ends } = this.#parts;
    const { partitions } = generation;
    const wasThere = (at: TopicPartition): boolean => ends.has(splitName(at));
    const origins = await findOrigins({ ...options, client, partitions, wasThere });
    return new KafkaShare({
      label: this.label,
      client,
      generation,
      origins,
      fields,
      tombstone: options.format === "jsonl" ? JSON_NULL : NOTHING,
      endOf: (split) => this.#endOf(split),
    });
  }

  /** What came after the start has nothing from before it. */
  #endOf(split: string): bigint | null {
    return this.#parts.options.until === "end" ? (this.#parts.ends.get(split) ?? 0n) : null;
  }
}

function partitionsOf(topics: readonly TopicState[]): TopicPartition[] {
  return topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })));
}

/** Names of a message's fields where the format has them from outside. */
function fieldsOf({ decode }: SourceContext): readonly string[] | undefined {
  const { header } = decode.options as { readonly header?: unknown };
  if (decode.format === "csv" && Array.isArray(header)) return header as readonly string[];
  return decode.format === "text" ? ["text"] : undefined;
}
