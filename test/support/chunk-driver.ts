/** Reads a file the way a run does: blocks, a cutter, a decoder, and rewinds where the decoder disagrees. */
import { type CutterOptions, LaneCutter } from "../../src/actors/lane-cutter.ts";
import type { Opening } from "../../src/actors/messages.ts";
import type { Chunk } from "../../src/core/chunk.ts";
import type { DecodeSpec, Decoder, Format, RecordBatch } from "../../src/core/ports/format.ts";
import type { Position } from "../../src/core/position.ts";
import { LentBlocks } from "./blocks.ts";
import type { PlacedRecord } from "./csv-chunking.ts";

/** How a file is to be read. */
export interface Reading {
  readonly file: Uint8Array;
  readonly format: Format;
  readonly spec: DecodeSpec;
  readonly maxRecords: number | null;
  /** Sizes of the blocks, in turn. */
  readonly sizes: readonly number[];
  /** Room before a block. */
  readonly headroom: number;
  /** How many blocks the reader is ahead when it hears of a rewind. */
  readonly ahead: number;
  /** Whether the source says with its last bytes that they are the last. */
  readonly knowsItsEnd: boolean;
}

/** What came of it. */
export interface ReadFile {
  readonly records: readonly Omit<PlacedRecord, "stop">[];
  /** Where the split stands at the end. */
  readonly position: Position;
  readonly rewinds: number;
  /** Bytes of the largest chunk. */
  readonly largest: number;
  /** Buffers that did not come back, and bytes of the budget. */
  readonly lent: number;
  readonly reserved: number;
}

/** Reads it. */
export function readInBlocks(reading: Reading): ReadFile {
  const { file, format, spec } = reading;
  const header = format.readHeader(file, true, spec);
  const start = { ordinal: 0n, token: String(header?.dataOffset), line: 1 };
  const driver = new Driver(reading, header?.fields ?? [], start);
  driver.run();
  return driver;
}

class Driver implements ReadFile {
  readonly records: Omit<PlacedRecord, "stop">[] = [];
  position: Position;
  rewinds = 0;
  largest = 0;
  readonly #reading: Reading;
  readonly #fields: readonly string[];
  readonly #memory = new LentBlocks();
  readonly #cutter: LaneCutter;
  readonly #decoder: Decoder;
  #generation = 0;
  #seq = 0;
  #turn = 0;

  constructor(reading: Reading, fields: readonly string[], start: Position) {
    const { format, spec, maxRecords } = reading;
    const options: CutterOptions = {
      lane: 0,
      splitter: format.splitter(spec),
      maxRecordBytes: spec.maxRecordBytes,
      maxRecords,
      sinks: ["sink"],
      headStarts: new Map(),
    };
    this.#reading = reading;
    this.#fields = fields;
    this.#cutter = new LaneCutter(options);
    this.#decoder = format.decoder(spec);
    this.position = start;
  }

  get lent(): number {
    return this.#memory.lent;
  }

  get reserved(): number {
    return this.#memory.budget.used;
  }

  run(): void {
    for (let next: Opening | null = { position: this.position, moreThanBytes: 0 }; next !== null; ) {
      next = this.#stretch(next);
    }
    this.#cutter.close();
  }

  /** Reads from one place on; where it has to begin anew, or null at the end. */
  #stretch(opening: Opening): Opening | null {
    const { file, ahead, knowsItsEnd } = this.#reading;
    const generation = this.#generation;
    let opens: Opening | null = opening;
    let rewind: Opening | null = null;
    let late = ahead;
    let offset = Number(opening.position.token);
    this.#seq = 0;
    for (let final = false; !final && late >= 0; ) {
      const end = Math.min(file.length, offset + this.#nextSize());
      final = offset === file.length || (knowsItsEnd && end === file.length);
      const block = this.#memory.bytes(file.subarray(offset, end), {
        opens,
        generation,
        final,
        headroom: this.#reading.headroom,
      });
      for (const chunk of this.#cutter.bytes(block)) {
        rewind ??= this.#take(chunk);
        chunk.memory.release();
      }
      block.memory.release();
      if (rewind !== null) late--;
      opens = null;
      offset = end;
    }
    return rewind;
  }

  #nextSize(): number {
    const { sizes } = this.#reading;
    return sizes[this.#turn++ % sizes.length] ?? 1;
  }

  /** Decodes one chunk; where the lane has to be rewound to, if it has. */
  #take(chunk: Chunk): Opening | null {
    if (chunk.seq !== this.#seq++ || chunk.from !== this.position.token || chunk.firstLine !== this.position.line) {
      throw new RangeError(`chunk ${chunk.seq} from ${chunk.from} (line ${chunk.firstLine}) is not the next`);
    }
    const size = chunk.end - chunk.begin;
    this.largest = Math.max(this.largest, size);
    const batch = this.#decoder.decode({
      bytes: chunk.memory.bytes.subarray(chunk.begin, chunk.end),
      final: chunk.final,
      truncated: chunk.to !== null,
      fields: this.#fields,
    });
    this.#keep(chunk, batch);
    this.#advance(chunk, batch);
    if (batch.end === size) return null;
    if (chunk.final) throw new RangeError("bytes of the final chunk were left");
    this.rewinds++;
    this.#generation++;
    return { position: this.position, moreThanBytes: size - batch.end };
  }

  #keep(chunk: Chunk, batch: RecordBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const read = batch.read(i);
      const place = {
        start: Number(chunk.tokens.at(batch.start(i), i)),
        line: (chunk.firstLine ?? 0) + batch.line(i) - 1,
      };
      if ("fault" in read) this.records.push({ ...place, outcome: read.fault.code, message: read.fault.message });
      else this.records.push({ ...place, outcome: this.#values(read.record), message: "" });
    }
  }

  #advance(chunk: Chunk, batch: RecordBatch): void {
    const skipped = batch.end === chunk.end - chunk.begin ? chunk.to : null;
    this.position = {
      ordinal: this.position.ordinal + BigInt(batch.count),
      token: skipped ?? chunk.tokens.at(batch.end, batch.count),
      line: (chunk.firstLine ?? 0) + batch.lines + (skipped === null ? 0 : 1),
    };
  }

  /** The record itself for formats without a header. */
  #values(record: unknown): unknown {
    if (this.#fields.length === 0) return record;
    return this.#fields.map((name) => (record as Record<string, unknown>)[name]);
  }
}
