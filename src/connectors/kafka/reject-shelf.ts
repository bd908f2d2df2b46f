/** The rejects in a topic, to be looked at: of each key the newest message, none where that one is a tombstone. */
import {
  isMeant,
  type RejectCause,
  type RejectFilter,
  type RejectReader,
  type StoredReject,
} from "../../core/ports/reject-shelf.ts";
import { groupByCause } from "../reject-causes.ts";
import { readConnection } from "./client/connection.ts";
import { connectForReading } from "./client/kafkajs/reading.ts";
import type { KafkaReading, MessageBatch, ScanRange, TopicPartition } from "./client/port.ts";
import { rejectOf } from "./dead-letter.ts";
import type { KafkaSinkOptions } from "./options.ts";
import { findTopics } from "./wishes.ts";

/** The topic as it was when it was first looked at. */
interface Snapshot {
  readonly ranges: readonly ScanRange[];
  /** Numbers of the messages that are the newest of their keys. */
  readonly newest: ReadonlySet<number>;
}

/**
 * Reads the whole topic once for the newest of each key, then what is asked for.
 *
 * A reject's number is made of its offset and its partition, so that it says where reading goes on; it changes when the
 * topic gets more partitions.
 */
export class RejectTopicShelf implements RejectReader, AsyncDisposable {
  readonly label: string;
  readonly #topic: string;
  readonly #client: KafkaReading;
  readonly #address: string;
  #snapshot: Promise<Snapshot> | undefined;

  private constructor({ topic, brokers }: KafkaSinkOptions, client: KafkaReading) {
    this.label = `topic ${topic}`;
    this.#topic = topic;
    this.#address = `kafka ${brokers[0] ?? ""}`;
    this.#client = client;
  }

  /**
   * @param baseDir where relative paths start from
   * @throws MillraceError CONFIG_UNREADABLE
   */
  static async open(options: KafkaSinkOptions, baseDir: string): Promise<RejectTopicShelf> {
    return new RejectTopicShelf(options, connectForReading(await readConnection(options, baseDir)));
  }

  /** In the order of the offsets. */
  async listRejects({
    after = 0,
    limit,
    ...filter
  }: RejectFilter & { readonly after?: number; readonly limit: number }): Promise<readonly StoredReject[]> {
    const found: StoredReject[] = [];
    for await (const reject of this.#rejects(after)) {
      if (isMeant(reject, filter) && found.push(reject) >= limit) break;
    }
    return found;
  }

  groupRejects(filter: RejectFilter): Promise<readonly RejectCause[]> {
    return groupByCause(this.#rejects(0), filter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  /** Of all partitions together, from behind a number on. */
  async *#rejects(after: number): AsyncGenerator<StoredReject, void, undefined> {
    const { ranges, newest } = await (this.#snapshot ??= this.#look());
    const readers = ranges.map((range) => this.#rejectsOf(rangeBehind(range, after, ranges.length), ranges.length));
    const heads = await Promise.all(readers.map((reader) => reader.next()));
    for (;;) {
      let first = -1;
      for (const [index, { value }] of heads.entries()) {
        if (value !== undefined && value.id < (heads[first]?.value?.id ?? Number.POSITIVE_INFINITY)) first = index;
      }
      const reject = heads[first]?.value;
      if (reject === undefined) return;
      if (reject.id > after && newest.has(reject.id)) yield reject;
      heads[first] = await (readers[first] as (typeof readers)[number]).next();
    }
  }

  async *#rejectsOf(range: ScanRange, partitions: number): AsyncGenerator<StoredReject, undefined, undefined> {
    for await (const { batch, message } of this.#messages(range)) {
      const value = Buffer.alloc(Math.max(batch.size(message), 0));
      batch.copy(message, value, 0);
      const reject = rejectOf(batch.headers(message), value);
      if (reject !== null) yield { ...reject, id: numberOf(range.at, batch.offset(message), partitions) };
    }
    return undefined;
  }

  async *#messages(range: ScanRange): AsyncGenerator<{ batch: MessageBatch; message: number }, void, undefined> {
    for await (const batch of this.#client.scan(range)) {
      for (let message = 0; message < batch.count; message++) {
        if (batch.offset(message) < range.end) yield { batch, message };
      }
    }
  }

  async #look(): Promise<Snapshot> {
    const [topic] = await findTopics(this.#client, [this.#topic], this.#address, "rejects.topic");
    const places = (topic?.partitions ?? []).map((partition) => ({ topic: this.#topic, partition }));
    const [begins, ends] = [
      await this.#client.offsets(places, "earliest"),
      await this.#client.offsets(places, "latest"),
    ];
    const ranges = places.map((at, index) => ({ at, from: begins[index] as bigint, end: ends[index] as bigint }));
    const byKey = new Map<string, number>();
    for (const range of ranges) {
      for await (const { batch, message } of this.#messages(range)) {
        const key = batch.key(message) ?? "";
        if (batch.size(message) < 0) byKey.delete(key);
        else byKey.set(key, numberOf(range.at, batch.offset(message), ranges.length));
      }
    }
    return { ranges, newest: new Set(byKey.values()) };
  }
}

function numberOf({ partition }: TopicPartition, offset: bigint, partitions: number): number {
  return Number(offset) * partitions + partition + 1;
}

/** Where a partition's numbers begin that may be behind another one. */
function rangeBehind(range: ScanRange, after: number, partitions: number): ScanRange {
  const from = BigInt(Math.max(0, Math.floor((after - 1) / partitions)));
  return { ...range, from: from > range.from ? from : range.from };
}
