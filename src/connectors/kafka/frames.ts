/** Messages as framed records: their values copied behind each other. */
import type { ChunkMeta, SharedBytes } from "../../core/chunk.ts";
import type { FrameBatch, FrameReader } from "../../core/ports/source.ts";
import type { MessageBatch, PartitionReader } from "./client/port.ts";

/** What {@link PartitionFrames} needs. */
export interface FramesOptions {
  readonly reader: PartitionReader;
  readonly partition: number;
  readonly from: bigint;
  /** Where to stop; null: never. */
  readonly until: bigint | null;
  /** What a message without a value becomes. */
  readonly tombstone: Uint8Array;
}

/** Some messages of a batch. */
interface Stretch {
  readonly begin: number;
  readonly end: number;
  readonly bytes: number;
}

/** One partition. */
export class PartitionFrames implements FrameReader {
  readonly kind = "frames";
  readonly #options: FramesOptions;
  #batch: MessageBatch | undefined;
  /** Messages of the batch that were given. */
  #given = 0;
  /** Where reading goes on, and the same behind the last message that was given. */
  #next: bigint;
  #behind: bigint;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#behind = options.from;
  }

  /** How far a partition has come in truth that is said to have come to an offset: behind what cannot be seen there. */
  reached(offset: bigint): bigint {
    return offset === this.#behind ? this.#next : offset;
  }

  async read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined> {
    for (;;) {
      if (this.#isAtEnd()) return undefined;
      const stretch = this.#batch === undefined ? undefined : this.#stretch(this.#batch, maxBytes);
      if (this.#batch !== undefined && stretch !== undefined) {
        return this.#frames(this.#batch, stretch, await lease(stretch.bytes));
      }
      this.#next = this.#batch?.next ?? this.#next;
      this.#batch?.done();
      this.#batch = undefined;
      this.#given = 0;
      if (this.#isAtEnd()) return undefined;
      this.#batch = await this.#options.reader.next();
      if (this.#batch === undefined) return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.reader[Symbol.dispose]();
    this.#batch = undefined;
  }

  #isAtEnd(): boolean {
    const { until } = this.#options;
    return until !== null && this.#next >= until;
  }

  /** The next messages that fit, at least one; none when the batch is used up. */
  #stretch(batch: MessageBatch, maxBytes: number): Stretch | undefined {
    const { until } = this.#options;
    const reachesEnd = until !== null && batch.next > until;
    const begin = this.#given;
    let [end, bytes] = [begin, 0];
    for (; end < batch.count; end++) {
      const size = this.#size(batch, end);
      if (end > begin && bytes + size > maxBytes) break;
      if (reachesEnd && batch.offset(end) >= until) break;
      bytes += size;
    }
    return end === begin ? undefined : { begin, end, bytes };
  }

  #size(batch: MessageBatch, message: number): number {
    const size = batch.size(message);
    return size < 0 ? this.#options.tombstone.length : size;
  }

  #frames(batch: MessageBatch, { begin, end, bytes }: Stretch, memory: SharedBytes): FrameBatch {
    const ends = new Int32Array(end - begin);
    const offsets = new BigInt64Array(end - begin);
    let at = 0;
    for (let message = begin; message < end; message++) {
      const size = batch.size(message);
      if (size < 0) memory.bytes.set(this.#options.tombstone, at);
      else batch.copy(message, memory.bytes, at);
      at += size < 0 ? this.#options.tombstone.length : size;
      ends[message - begin] = at;
      offsets[message - begin] = batch.offset(message);
    }
    this.#given = end;
    // what cannot be seen behind the last message is passed over with it
    const behind = end === batch.count ? batch.next : (offsets[offsets.length - 1] as bigint) + 1n;
    this.#next = behind;
    this.#behind = behind;
    const after = (record: number): string =>
      String(record === offsets.length - 1 ? behind : (offsets[record] as bigint) + 1n);
    const meta = metaOf(batch, { begin, end, bytes }, { offsets, partition: this.#options.partition });
    return { memory, bytes, ends, tokens: { after, of: (record) => String(offsets[record]) }, meta };
  }
}

function metaOf(
  batch: MessageBatch,
  { begin, end }: Stretch,
  known: Pick<ChunkMeta, "offsets" | "partition">,
): ChunkMeta {
  const keys = batch.hasKeys ? columnOf(begin, end, (message) => batch.key(message)) : undefined;
  const headers = batch.hasHeaders ? columnOf(begin, end, (message) => batch.headers(message)) : undefined;
  return {
    ...known,
    timestamps: batch.timestamps(begin, end),
    ...(keys !== undefined && { keys }),
    ...(headers !== undefined && { headers }),
  };
}

/** What each message has of something; nothing where none has it. */
function columnOf<Value>(
  begin: number,
  end: number,
  of: (message: number) => Value | null,
): (Value | null)[] | undefined {
  const column = Array.from({ length: end - begin }, (_, index) => of(begin + index));
  return column.every((value) => value === null) ? undefined : column;
}
