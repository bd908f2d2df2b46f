/** The rows of one call of `write`, and what became of their records. */
import type { ErrorCode } from "../../../core/errors.ts";
import type { RowsOrigin, WriteOutcome, WriteReject } from "../../../core/ports/sink.ts";
import type { SinkOutput } from "../../../core/result.ts";
import type { Envelope } from "./envelope.ts";

/** Why a record is not written. */
interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Rows that were handed over together; their bytes are lent until the unit has ended. */
export class RowChunk {
  readonly split: string;
  readonly bytes: Buffer;
  readonly #firstOrdinal: number;
  readonly #rejects = new Map<number, WriteReject>();

  constructor({ bytes }: Pick<SinkOutput, "bytes">, { split, ordinal }: RowsOrigin) {
    this.split = split;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // It counts records: no split has 2 ** 53 of them.
    this.#firstOrdinal = Number(ordinal);
  }

  ordinalOf({ record }: Pick<Row, "record">): number {
    return this.#firstOrdinal + record;
  }

  /** A record is refused once, however many of its outputs are. */
  refuse({ record, output, hasSiblings }: Pick<Row, "record" | "output" | "hasSiblings">, why: Refusal): void {
    const before = this.#rejects.get(record);
    if (before !== undefined && (before.output ?? 0) <= output) return;
    this.#rejects.set(record, { record, ...(hasSiblings && { output }), code: why.code, message: why.message });
  }

  /** What the call of `write` has come to, in the order of the records. */
  get outcome(): WriteOutcome {
    return { rejects: [...this.#rejects.values()].toSorted((one, other) => one.record - other.record) };
  }
}

/** One row: where its bytes lie, without a line end, and what it is an output of. */
export interface Row {
  readonly chunk: RowChunk;
  readonly begin: number;
  readonly end: number;
  /** Number of the record in the chunk. */
  readonly record: number;
  /** Which of the record's outputs it is. */
  readonly output: number;
  /** Whether the record has others. */
  readonly hasSiblings: boolean;
  readonly envelope: Envelope;
  /** Rows of one text keep their order; null: this one may overtake all others. */
  readonly order: string | null;
}

/** A request: rows that travel together, all of one split. */
export interface Request {
  readonly envelope: Envelope;
  readonly rows: readonly Row[];
}
