/**
 * Cuts one lane's bytes into chunks at record borders.
 *
 * The splitter guesses where records end; a thread verifies it later, so a guess has to be good and not right. What lies
 * behind the last border of a block is its tail and goes before the next block. Three cases are not the ordinary one:
 *
 * - A rewind: the bytes from here to the old chunk's end held no whole record, so the next chunk must be longer.
 * - More than `maxRecordBytes` without a border: no record is that long, so the quotes are broken. The chunk ends at the
 *   last line end, whatever the quotes say, and the decoder sorts it out.
 * - More than `maxRecordBytes` without even a line end (in what a rewind has not yet tried): an oversized line. What was
 *   read of it becomes a chunk of its own, the rest is read and thrown away up to the line's end, in constant memory.
 */
import type { Chunk, Framing } from "../core/chunk.ts";
import type { Splitter } from "../core/ports/format.ts";
import type { Position } from "../core/position.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import type { HeadStarts } from "./head-starts.ts";
import type { BlockPlace, ByteContent, FrameContent, Opening } from "./messages.ts";

/** What a {@link LaneCutter} needs to know of the job. */
export interface CutterOptions {
  readonly lane: number;
  readonly splitter: Splitter;
  readonly maxRecordBytes: number;
  /** Cut after this many records; null: as large as the blocks are. */
  readonly maxRecords: number | null;
  readonly sinks: readonly string[];
  readonly headStarts: HeadStarts;
}

/** A stretch of a block's memory, with the line feeds in it. */
interface Cut {
  readonly end: number;
  readonly lines: number;
}

/** An oversized line: a copy of what is kept of it, and how much of the rest was thrown away so far. */
interface OversizedLine {
  /** Not the block's memory: the reader may have to wait for that before it can read on. */
  readonly kept: Buffer;
  skipped: number;
}

/** A chunk of so many records is cut earlier when it has this many bytes. */
const MAX_CHUNK_BYTES = 8 * 1024 * 1024;
const LINE_FEED = 10;
const NOTHING: Buffer = Buffer.alloc(0);
const DELIMITED: Framing = { kind: "delimited" };

/** Cuts one lane; takes its blocks in order and gives its chunks in order. Each chunk holds its block's memory itself. */
export class LaneCutter {
  readonly #options: CutterOptions;
  #generation = -1;
  #split = "";
  #growing = false;
  /** The sinks that are to get of the split. */
  #sinks: readonly string[];
  #seq = 0;
  /** Resume word of the first byte or record that is in no chunk yet; a number for bytes. */
  #from = "";
  #offset = 0;
  /** Of the first framed record that is in no chunk yet. */
  #ordinal = 0n;
  #line: number | undefined;
  /** The next chunk must have more bytes than this. */
  #moreThan = 0;
  #tail = NOTHING;
  #oversized: OversizedLine | null = null;

  constructor(options: CutterOptions) {
    this.#options = options;
    this.#sinks = options.sinks;
  }

  /** The chunks that a block completes. */
  *bytes(block: BlockPlace & ByteContent): Generator<Chunk> {
    this.#open(block);
    const { memory, final } = block;
    const line = this.#oversized;
    if (line === null) return yield* this.#cut(memory, this.#withTail(memory, block.begin, block.end), final);
    const next = this.#skipLine(line, block);
    if (next === null) return;
    this.#oversized = null;
    // Its end is still to be written; what stands there then is the rest of this line and no record.
    if (final && this.#growing && memory.bytes[next - 1] !== LINE_FEED) return yield this.#last(memory, block.begin);
    this.#tail = line.kept;
    const [begin, end] = this.#withTail(memory, next, block.end);
    const behind = begin + line.kept.length;
    yield this.#oversizedChunk(memory, begin, behind, line.skipped);
    if (line.skipped > 0) yield* this.#cut(memory, [behind, end], final);
  }

  /** The chunk of a framed block: the source knows the borders. */
  frames(block: BlockPlace & FrameContent): Chunk {
    this.#open(block);
    const { frames } = block;
    const from = this.#from;
    const count = frames?.ends.length ?? 0;
    const at = (record: number): string => (frames === null || record === 0 ? from : frames.tokens.after(record - 1));
    this.#from = at(count);
    this.#ordinal += BigInt(count);
    const behind = this.#ordinal;
    return {
      ...this.#place(block.memory, 0, frames?.bytes ?? 0),
      needs: this.#needs(({ ordinal }) => behind > ordinal),
      framing: { kind: "framed", ends: frames?.ends ?? new Int32Array(0) },
      from,
      to: null,
      tokens: { at: (_offset, record) => at(record), of: (record) => frames?.tokens.of?.(record) ?? at(record) },
      final: block.final,
      ...(frames?.meta === undefined ? {} : { meta: frames.meta }),
    };
  }

  /** Drops what is held. */
  close(): void {
    this.#oversized = null;
    this.#tail = NOTHING;
  }

  #open({ opens, generation, split }: BlockPlace): void {
    if (opens === null) return;
    this.close();
    if (generation !== this.#generation) this.#seq = 0;
    this.#generation = generation;
    this.#split = split.id;
    this.#growing = split.growing === true;
    this.#sinks = this.#options.sinks.filter((sink) => split.sinks?.includes(sink) ?? true);
    this.#beginAt(opens);
  }

  #beginAt({ position, moreThanBytes }: Opening): void {
    this.#from = position.token;
    this.#ordinal = position.ordinal;
    this.#offset = Number(position.token);
    this.#line = position.line;
    this.#moreThan = moreThanBytes;
  }

  *#cut(memory: ChunkMemory, [from, end]: [number, number], final: boolean): Generator<Chunk, undefined> {
    let begin = from;
    for (let cut = this.#next(memory, begin, end, final); cut !== null; cut = this.#next(memory, begin, end, final)) {
      const last = final && cut.end === end;
      yield this.#chunk(memory, begin, cut, last);
      if (last) return;
      begin = cut.end;
    }
    if (final && this.#growing && this.#isOversized(memory, begin, end)) yield this.#last(memory, begin);
    else if (final) yield this.#chunk(memory, begin, { end, lines: 0 }, true);
    else if (this.#isOversized(memory, begin, end)) this.#oversized = { kept: copyOf(memory, begin, end), skipped: 0 };
    else this.#tail = copyOf(memory, begin, end);
  }

  /** Puts the tail before the block, in a larger buffer when there is no room before it. */
  #withTail(memory: ChunkMemory, from: number, end: number): [begin: number, end: number] {
    const tail = this.#tail;
    this.#tail = NOTHING;
    if (tail.length <= from) {
      memory.bytes.set(tail, from - tail.length);
      return [from - tail.length, end];
    }
    const block = memory.bytes.slice(from, end);
    const larger = memory.enlarge(tail.length + block.length);
    larger.set(tail, 0);
    larger.set(block, tail.length);
    return [0, tail.length + block.length];
  }

  /** Where the next chunk ends; null when these bytes make none yet, or make the last one as they are. */
  #next({ bytes }: ChunkMemory, begin: number, end: number, final: boolean): Cut | null {
    const { splitter, maxRecordBytes } = this.#options;
    const maxRecords = this.#moreThan > 0 ? null : this.#options.maxRecords;
    if (begin === end || (final && maxRecords === null)) return null;
    const guess = splitter.lastBorder(bytes, begin, end, maxRecords ?? undefined);
    const full = maxRecords === null || guess.records >= maxRecords || end - begin >= MAX_CHUNK_BYTES;
    if (full && guess.end > begin + this.#moreThan) return guess;
    if (final || end - begin <= maxRecordBytes || guess.end > begin + this.#moreThan) return null;
    return this.#cutBrokenQuotes(bytes, begin, end);
  }

  /** No record is this long: any line end will do, as the decoder judges a record by its first `maxRecordBytes`. */
  #cutBrokenQuotes(bytes: Uint8Array, begin: number, end: number): Cut | null {
    const lastLine = bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
    if (lastLine <= begin + this.#moreThan) return null;
    return { end: lastLine, lines: countLines(bytes, begin, lastLine) };
  }

  #isOversized({ bytes }: ChunkMemory, begin: number, end: number): boolean {
    // One byte more than a record may have: a carriage return whose line feed is still to come.
    if (end - begin <= Math.max(this.#options.maxRecordBytes + 1, this.#moreThan)) return false;
    return bytes.subarray(begin + this.#moreThan, end).indexOf(LINE_FEED) === -1;
  }

  /** Throws away what the block holds of an oversized line; the begin of the next line, or null when it goes on. */
  #skipLine(line: OversizedLine, { memory, begin, end, final }: ByteContent): number | null {
    const feed = memory.bytes.subarray(begin, end).indexOf(LINE_FEED);
    const next = feed === -1 ? end : begin + feed + 1;
    line.skipped += next - begin;
    return feed === -1 && !final ? null : next;
  }

  /** Where nothing had to be skipped the split ended right behind what was kept: then it is no part, but the last chunk. */
  #oversizedChunk(memory: ChunkMemory, begin: number, end: number, skipped: number): Chunk {
    const chunk = this.#chunk(memory, begin, { end, lines: countLines(memory.bytes, begin, end) + 1 }, skipped === 0);
    this.#offset += skipped;
    return skipped === 0 ? chunk : { ...chunk, to: String(this.#offset) };
  }

  /** The end of a split whose last bytes are left where they are. */
  #last(memory: ChunkMemory, at: number): Chunk {
    return this.#chunk(memory, at, { end: at, lines: 0 }, true);
  }

  #chunk(memory: ChunkMemory, begin: number, { end, lines }: Cut, final: boolean): Chunk {
    const from = this.#offset;
    const behind = from + end - begin;
    const chunk: Chunk = {
      ...this.#place(memory, begin, end),
      needs: this.#needs(({ token }) => behind > Number(token)),
      framing: DELIMITED,
      from: String(from),
      to: null,
      tokens: { at: (offset) => String(from + offset) },
      final,
      ...(final && this.#growing && { growing: true }),
    };
    this.#offset = behind;
    if (this.#line !== undefined) this.#line += lines;
    this.#moreThan = 0;
    return chunk;
  }

  #place(memory: ChunkMemory, begin: number, end: number) {
    return {
      seq: this.#seq++,
      lane: this.#options.lane,
      generation: this.#generation,
      split: this.#split,
      memory: memory.retain(),
      begin,
      end,
      ...(this.#line === undefined ? {} : { firstLine: this.#line }),
    };
  }

  /** The sinks for which a chunk of the present split holds something new. @param endsBehind whether it ends behind a place */
  #needs(endsBehind: (headStart: Position) => boolean): readonly string[] {
    const ahead = this.#options.headStarts.get(this.#split);
    if (ahead === undefined) return this.#sinks;
    return this.#sinks.filter((sink) => {
      const headStart = ahead.get(sink);
      return headStart === undefined || endsBehind(headStart);
    });
  }
}

function copyOf({ bytes }: ChunkMemory, begin: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(begin, end));
}

function countLines(bytes: Uint8Array, begin: number, end: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED, begin); at !== -1 && at < end; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
