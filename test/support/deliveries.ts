/** Deliveries for the writer's tests. */
import type { Delivery } from "../../src/actors/messages.ts";
import type { Chunk } from "../../src/core/chunk.ts";
import { NO_COUNTS } from "../../src/core/ledger.ts";
import type { Progress } from "../../src/core/ports/sink.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { SinkOutput } from "../../src/core/result.ts";

/** What a delivery holds. */
export interface DeliveryOptions {
  readonly split?: string;
  readonly sink?: string;
  readonly filtered?: number;
  /** Records of the chunk that were rejected on the way. */
  readonly rejected?: readonly number[];
  /** Several rows of one record. */
  readonly recordOfRow?: readonly number[];
  /** Size of the chunk that the rows came from. */
  readonly chunkBytes?: number;
}

/** Hands out deliveries of consecutive records and counts what was given back. */
export class Deliveries {
  readonly #ordinals = new Map<string, bigint>();
  released = 0;

  /** A chunk with these rows, one a record unless said otherwise. */
  next(rows: readonly string[], options: DeliveryOptions = {}): Delivery {
    const { split = "a.csv", sink = "sink", filtered = 0, rejected = [], chunkBytes = 0 } = options;
    const { recordOfRow = rows.map((_, row) => row) } = options;
    const from = this.#ordinals.get(split) ?? 0n;
    const written = new Set(recordOfRow).size;
    const read = written + filtered + rejected.length;
    const to = from + BigInt(read);
    this.#ordinals.set(split, to);
    return {
      sink,
      split,
      chunk: { begin: 0, end: chunkBytes } as Chunk,
      output: outputOf(rows, recordOfRow, sink),
      from,
      chunkFrom: from,
      to: { ordinal: to, token: `${to}0`, line: Number(to) + 1 },
      read,
      filtered,
      folded: 0,
      rejects: rejected.map((record) => rejectOf(split, from + BigInt(record), { stage: "transform" })),
      rejectRow: ({ record, ...why }) => rejectOf(split, from + BigInt(record), { stage: "write", sink, ...why }),
      release: () => void this.released++,
    };
  }
}

/** A split before its first record. */
export function freshProgress(split: string, epoch = 1): Progress {
  return { split, epoch, position: { ordinal: 0n, token: "0", line: 1 }, counts: NO_COUNTS };
}

/** A reject of one record. */
export function rejectOf(split: string, ordinal: bigint, change: Partial<Reject> = {}): Reject {
  return {
    job: "orders",
    run: "run-1",
    scope: "run-1",
    split,
    position: { ordinal, token: `${ordinal}0` },
    stage: "decode",
    code: "VALUE_INVALID",
    message: "bad",
    raw: "raw",
    rawEncoding: "utf8",
    attempts: 1,
    at: "2026-01-01T00:00:00.000Z",
    ...change,
  };
}

function outputOf(rows: readonly string[], recordOfRow: readonly number[], sink: string): SinkOutput {
  const bytes = Buffer.from(rows.join(""));
  const rowEnds = Int32Array.from(rows.map((_, row) => Buffer.byteLength(rows.slice(0, row + 1).join(""))));
  return { sink, bytes, rows: rows.length, rowEnds, recordOfRow: Int32Array.from(recordOfRow), filtered: 0 };
}
