/** Chunks and results for tests that need no decoder. */
import type { Chunk, SharedBytes } from "../../src/core/chunk.ts";
import type { ChunkReject } from "../../src/core/reject.ts";
import type { ChunkResult, SinkOutput } from "../../src/core/result.ts";

/** Memory that counts its holders. */
export class CountedMemory implements SharedBytes {
  readonly bytes: Uint8Array;
  holders = 1;

  constructor(text: string) {
    this.bytes = Buffer.from(text);
  }

  retain(): this {
    this.holders++;
    return this;
  }

  release(): void {
    this.holders--;
  }
}

/** Makes the chunks of a lane, one behind the other. */
export class ChunkMaker {
  readonly memories: CountedMemory[] = [];
  #offset = 0;
  #line = 1;
  #seq = 0;
  #generation = 0;

  /** The next chunk; its bytes are this text. */
  next(text: string, change: Partial<Chunk> = {}): Chunk {
    const memory = new CountedMemory(text);
    this.memories.push(memory);
    const from = this.#offset;
    const firstLine = this.#line;
    this.#offset += memory.bytes.length;
    this.#line += text.split("\n").length - 1;
    return {
      seq: this.#seq++,
      lane: 0,
      generation: this.#generation,
      split: "a.csv",
      memory,
      begin: 0,
      end: memory.bytes.length,
      framing: { kind: "delimited" },
      from: String(from),
      to: null,
      tokens: { at: (offset) => String(from + offset) },
      firstLine,
      final: false,
      needs: ["sink"],
      ...change,
    };
  }

  /** What comes next is of a new generation, and begins at this place. */
  rewind(offset: number, line: number): void {
    this.#generation++;
    this.#seq = 0;
    this.#offset = offset;
    this.#line = line;
  }

  /** Holders of all memories; 0 when everything was given back. */
  get held(): number {
    return this.memories.reduce((sum, { holders }) => sum + holders, 0);
  }
}

/** A reject as a thread tells it. */
export function chunkReject(record: number, change: Partial<ChunkReject> = {}): ChunkReject {
  return {
    record,
    offset: 0,
    line: 0,
    stage: "transform",
    code: "TRANSFORM_REJECTED",
    message: "bad",
    raw: "raw",
    rawEncoding: "utf8",
    ...change,
  };
}

/** The output of one sink: as many rows as said, of one byte each. */
export function rowsFor(sink: string, rows: number): SinkOutput {
  return {
    sink,
    bytes: Buffer.alloc(rows, "r"),
    rows,
    rowEnds: Int32Array.from({ length: rows }, (_, row) => row + 1),
    recordOfRow: Int32Array.from({ length: rows }, (_, row) => row),
    filtered: 0,
  };
}

/** A result for a whole chunk whose every line is a record. */
export function resultOf(chunk: Chunk, change: Partial<ChunkResult> = {}): ChunkResult {
  const text = Buffer.from(chunk.memory.bytes.subarray(chunk.begin, chunk.end)).toString();
  const lines = text.split("\n").length - 1;
  const spans: number[] = [];
  let at = 0;
  for (const line of text.split("\n").slice(0, lines)) {
    spans.push(at, at + line.length);
    at += line.length + 1;
  }
  return {
    records: lines,
    end: chunk.end - chunk.begin,
    lines,
    folded: 0,
    outputs: [rowsFor("sink", lines)],
    rejects: [],
    spans: Int32Array.from(spans),
    busyMs: 0,
    ...change,
  };
}
