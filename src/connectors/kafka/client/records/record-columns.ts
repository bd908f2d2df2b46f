/** Records as numbers: where each one's parts lie, in columns over all that were fetched of a partition. */
import { MillraceError } from "../../../../core/errors.ts";
import type { MessageBatch } from "../port.ts";
import { Cursor } from "./cursor.ts";

/** Numbers that are kept of a record: memory; key's place and size; value's place and size; headers' place; offset in its batch. */
const SLOTS = 7;
const LOG_APPEND_TIME = 0x08;
/** A varint of 0, as the number of headers. */
const NO_HEADERS = 0;

/** What a batch says of its records' offsets and times. */
export interface RecordTimes {
  readonly baseOffset: bigint;
  readonly attributes: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly count: number;
}

/** Records as numbers in columns: where their parts lie. */
export class RecordColumns implements MessageBatch {
  count = 0;
  next = 0n;
  /** Told once when the batch is done with. */
  onDone: (() => void) | undefined;
  hasKeys = false;
  hasHeaders = false;
  readonly #slots: Int32Array;
  readonly #timestamps: Float64Array;
  /** The batches' bytes and first offsets. */
  readonly #memories: Buffer[] = [];
  readonly #baseOffsets: bigint[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#slots = new Int32Array(most * SLOTS);
    this.#timestamps = new Float64Array(most);
  }

  /** Bytes of memory that the records hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the records of a batch from an offset on. */
  take(bytes: Buffer, header: RecordTimes, from: bigint): void {
    const memory = this.#memories.push(bytes) - 1;
    this.#baseOffsets.push(header.baseOffset);
    this.#bytes += bytes.length;
    const cursor = new Cursor(bytes);
    const isLogTime = (header.attributes & LOG_APPEND_TIME) !== 0;
    const skipped = Number(from - header.baseOffset);
    for (let left = header.count; left > 0; left--) {
      const end = cursor.varint() + cursor.at;
      cursor.skip(1);
      const timestamp = header.firstTimestamp + cursor.varlong();
      const delta = cursor.varint();
      if (delta >= skipped) {
        this.#timestamps[this.count] = isLogTime ? header.maxTimestamp : timestamp;
        this.#slots[this.count * SLOTS + 6] = delta;
        this.#place(cursor, memory, end);
      }
      cursor.at = end;
    }
  }

  #place(cursor: Cursor, memory: number, end: number): void {
    const slot = this.count++ * SLOTS;
    const slots = this.#slots;
    const keySize = cursor.varint();
    slots[slot] = memory;
    slots[slot + 1] = cursor.at;
    slots[slot + 2] = keySize;
    cursor.skip(Math.max(keySize, 0));
    const size = cursor.varint();
    slots[slot + 3] = cursor.at;
    slots[slot + 4] = size;
    cursor.skip(Math.max(size, 0));
    slots[slot + 5] = cursor.at;
    if (keySize >= 0) this.hasKeys = true;
    if (cursor.bytes[cursor.at] !== NO_HEADERS) this.hasHeaders = true;
    if (cursor.at > end || end > cursor.bytes.length) {
      throw damaged("a record is longer than it says");
    }
  }

  offset(message: number): bigint {
    return (this.#baseOffsets[this.#slot(message, 0)] as bigint) + BigInt(this.#slot(message, 6));
  }

  timestamps(begin: number, end: number): Float64Array {
    return this.#timestamps.slice(begin, end);
  }

  key(message: number): string | null {
    const size = this.#slot(message, 2);
    if (size < 0) return null;
    const at = this.#slot(message, 1);
    return this.#memory(message).toString("utf8", at, at + size);
  }

  headers(message: number): Readonly<{ [name: string]: string }> | null {
    const at = this.#slot(message, 5);
    const memory = this.#memory(message);
    if (memory[at] === NO_HEADERS) return null;
    const cursor = new Cursor(memory, { at });
    const count = cursor.varint();
    if (count <= 0) return null;
    const entries = Array.from({ length: count }, () => [sizedText(cursor), sizedText(cursor)] as const);
    return Object.fromEntries(entries);
  }

  size(message: number): number {
    return this.#slot(message, 4);
  }

  copy(message: number, into: Uint8Array, at: number): void {
    const from = this.#slot(message, 3);
    this.#memory(message).copy(into, at, from, from + Math.max(this.size(message), 0));
  }

  done(): void {
    const { onDone } = this;
    this.onDone = undefined;
    this.#memories.length = 0;
    onDone?.();
  }

  #slot(message: number, which: number): number {
    return this.#slots[message * SLOTS + which] as number;
  }

  #memory(message: number): Buffer {
    return this.#memories[this.#slot(message, 0)] as Buffer;
  }
}

/** A text with its length before it; what is null has none. */
function sizedText(cursor: Cursor): string {
  const size = cursor.varint();
  if (size <= 0) return "";
  const from = cursor.at;
  cursor.skip(size);
  return cursor.bytes.toString("utf8", from, from + size);
}

/** Bytes that are not what they say they are. */
export function damaged(why: string): MillraceError {
  return new MillraceError("SOURCE_FAILED", why);
}
