/** Drives splitter and decoder over a file the way the chunker and the threads do, with chunks of any size. */
import type { Border, DecodeSpec, Format, RecordBatch } from "../../src/core/ports/format.ts";

/** A record with its place in the file. */
export interface PlacedRecord {
  readonly start: number;
  /** -1 when the chunk held only a part of the record's line. */
  readonly stop: number;
  readonly outcome: unknown;
  readonly message: string;
  readonly line: number;
}

/** What a whole file came to. */
export interface DecodedFile {
  readonly fields: readonly string[];
  readonly dataOffset: number;
  readonly records: readonly PlacedRecord[];
  /** Line feeds in all chunks together. */
  readonly lines: number;
  /** How often the decoder found that the splitter's border, or its counts, were wrong. */
  readonly misguesses: number;
}

/** @param sizes bytes of the chunks to try, in turn; a chunk grows when nothing in it can be decided */
export function decodeInChunks(
  file: Uint8Array,
  format: Format,
  spec: DecodeSpec,
  sizes: readonly number[],
): DecodedFile {
  const header = format.readHeader(file, true, spec);
  if (header === null || header.fields === undefined) throw new TypeError("a complete file has a header");
  const walk = new Walk(file, format, spec, header.fields);
  walk.run(header.dataOffset, sizes);
  return {
    fields: header.fields,
    dataOffset: header.dataOffset,
    records: walk.records,
    lines: walk.lines,
    misguesses: walk.misguesses,
  };
}

class Walk {
  readonly records: PlacedRecord[] = [];
  lines = 0;
  misguesses = 0;
  readonly #file: Uint8Array;
  readonly #format: Format;
  readonly #spec: DecodeSpec;
  readonly #fields: readonly string[];

  constructor(file: Uint8Array, format: Format, spec: DecodeSpec, fields: readonly string[]) {
    this.#file = file;
    this.#format = format;
    this.#spec = spec;
    this.#fields = fields;
  }

  run(from: number, sizes: readonly number[]): void {
    const splitter = this.#format.splitter(this.#spec);
    const decoder = this.#format.decoder(this.#spec);
    const { length } = this.#file;
    let at = from;
    let turn = 0;
    let seen = at;
    while (at < length) {
      seen = Math.min(length, Math.max(at, seen) + (sizes[turn++ % sizes.length] ?? length));
      const border = splitter.lastBorder(this.#file, at, seen);
      let end = seen === length || border.end === 0 ? seen : border.end;
      let batch = this.#decode(decoder, at, end, false);
      if (end === border.end && !agree(batch, border, at)) this.misguesses++;
      if (batch.end === 0 && end < seen) {
        end = seen;
        batch = this.#decode(decoder, at, end, false);
      }
      const oversized = batch.end === 0 && end < length && end - at > this.#spec.maxRecordBytes;
      if (oversized) batch = this.#decode(decoder, at, end, true);
      if (batch.end === 0) continue;
      const skips = oversized && at + batch.end === end;
      this.#take(batch, at, skips);
      at += batch.end;
      seen = at;
      if (!skips) continue;
      const behind = splitter.nextLine(this.#file, at, length);
      at = behind === 0 ? length : behind;
      if (behind !== 0) this.lines++;
    }
  }

  #decode(decoder: ReturnType<Format["decoder"]>, begin: number, end: number, truncated: boolean): RecordBatch {
    const final = end === this.#file.length;
    return decoder.decode({ bytes: this.#file.subarray(begin, end), final, truncated, fields: this.#fields });
  }

  #take(batch: RecordBatch, offset: number, skips: boolean): void {
    for (let i = 0; i < batch.count; i++) {
      const read = batch.read(i);
      const partial = skips && i === batch.count - 1;
      const place = {
        start: offset + batch.start(i),
        stop: partial ? -1 : offset + batch.stop(i),
        line: this.lines + batch.line(i),
      };
      if ("fault" in read) this.records.push({ ...place, outcome: read.fault.code, message: read.fault.message });
      else this.records.push({ ...place, outcome: this.#values(read.record), message: "" });
    }
    this.lines += batch.lines;
  }

  #values(record: unknown): unknown[] {
    return this.#fields.map((name) => (record as Record<string, unknown>)[name]);
  }
}

/** Whether the decoder found what the splitter had guessed. */
function agree({ end, count, lines }: RecordBatch, border: Border, begin: number): boolean {
  return begin + end === border.end && count === border.records && lines === border.lines;
}
