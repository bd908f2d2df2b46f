/**
 * Bytes into records, block by block, in the memory of a block or two.
 *
 * The next block is being read while the records of this one are built and used. A record that goes on behind its block
 * is carried over to the next; one that is longer than any record may be is one reject, and the rest of its line is skipped.
 */
import { abortError } from "../core/clock.ts";
import type { ByteInput } from "../core/ports/compression.ts";
import type { Decoder, RecordBatch } from "../core/ports/format.ts";
import { encodeRaw } from "../core/reject.ts";
import type { Part } from "./input.ts";
import { type OnReject, type RejectedInput, turnAway } from "./stream-reject.ts";

/** Bytes of one read: large enough that what is done once a block does not count, small enough for the processor's cache. */
const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 10;

/** How records are decoded. */
export interface DecodeSettings {
  readonly decoder: Decoder;
  readonly maxRecordBytes: number;
  readonly onReject: OnReject<RejectedInput>;
  readonly signal: AbortSignal | undefined;
}

/** The records of one part of the input, a batch for a block. */
export async function* decodeBlocks(part: Part, settings: DecodeSettings): AsyncGenerator<readonly unknown[]> {
  const blocks = new BlockDecoder(part, settings);
  const ahead = new ReadAhead(part.input);
  for (let final = false; !final; ) {
    const block = await ahead.next();
    if (settings.signal?.aborted) throw abortError(settings.signal);
    final = block.length === 0;
    blocks.take(block);
    if (!final) ahead.begin();
    const records = blocks.decode(final);
    if (records.length > 0) yield records;
  }
}

/** One read under way. */
class ReadAhead {
  readonly #input: ByteInput;
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #pending: Promise<number>;

  constructor(input: ByteInput) {
    this.#input = input;
    this.#pending = this.#read();
  }

  /** The block that was read; empty at the end. Valid until `begin`. */
  async next(): Promise<Buffer> {
    return this.#block.subarray(0, await this.#pending);
  }

  /** Begins to read the next block over this one. */
  begin(): void {
    this.#pending = this.#read();
  }

  #read(): Promise<number> {
    const pending = this.#input.read(this.#block);
    pending.catch(() => {}); // told to whoever asks for the block
    return pending;
  }
}

/** Puts blocks behind what was left of the ones before, and decodes them. */
class BlockDecoder {
  readonly #part: Part;
  readonly #settings: DecodeSettings;
  #bytes = Buffer.allocUnsafeSlow(2 * BLOCK_BYTES);
  /** Bytes that wait to be decoded; line ends before `#lineless` are known to complete no record. */
  #length = 0;
  #lineless = 0;
  /** Of the first waiting byte: its offset and line in the part, and the records before it. */
  #offset: number;
  #line: number;
  #ordinal = 0;
  /** The rest of a line is to be thrown away. */
  #skipping = false;

  constructor(part: Part, settings: DecodeSettings) {
    this.#part = part;
    this.#settings = settings;
    this.#offset = part.offset;
    this.#line = part.line;
  }

  /** Takes a block's bytes over. */
  take(block: Buffer): void {
    const bytes = this.#skipping ? this.#behindLine(block) : block;
    if (this.#length + bytes.length > this.#bytes.length) this.#enlarge(this.#length + bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The records that are complete now. */
  decode(final: boolean): readonly unknown[] {
    const { decoder, maxRecordBytes } = this.#settings;
    const bytes = this.#bytes.subarray(0, this.#length);
    const ended = final || bytes.includes(LINE_FEED, this.#lineless);
    // One byte more than a record may have: a carriage return whose line feed is still to come.
    if (!ended && bytes.length <= maxRecordBytes + 1) {
      this.#lineless = bytes.length;
      return [];
    }
    const oversized = !ended && !bytes.includes(LINE_FEED);
    const { fields } = this.#part;
    const batch = decoder.decode({ bytes, final, truncated: oversized, ...(fields === undefined ? {} : { fields }) });
    const records = this.#records(batch);
    this.#skipping = oversized;
    this.#drop(batch);
    return records;
  }

  #records(batch: RecordBatch): readonly unknown[] {
    const records: unknown[] = [];
    for (let number = 0; number < batch.count; number++) {
      const read = batch.read(number);
      if ("record" in read) records.push(read.record);
      else this.#turnAway(batch, number, read.fault);
    }
    return records;
  }

  #turnAway(batch: RecordBatch, number: number, { code, message }: Pick<RejectedInput, "code" | "message">): void {
    const start = batch.start(number);
    const raw = encodeRaw(this.#bytes.subarray(start, batch.stop(number)));
    const place = {
      source: this.#part.name,
      ordinal: this.#ordinal + number,
      offset: this.#offset + start,
      line: this.#line + batch.line(number),
    };
    turnAway({ stage: "decode", code, message, ...place, ...raw }, this.#settings.onReject);
  }

  /** What is decoded goes; what is not moves to the front. */
  #drop({ end, count, lines }: RecordBatch): void {
    const done = this.#skipping ? this.#length : end;
    this.#bytes.copyWithin(0, done, this.#length);
    this.#length -= done;
    this.#lineless = this.#length;
    this.#offset += done;
    this.#line += lines;
    this.#ordinal += count;
  }

  #behindLine(block: Buffer): Buffer {
    const feed = block.indexOf(LINE_FEED);
    const skipped = feed === -1 ? block.length : feed + 1;
    this.#offset += skipped;
    if (feed !== -1) {
      this.#line++;
      this.#skipping = false;
    }
    return block.subarray(skipped);
  }

  #enlarge(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
