/**
 * Cuts rows into requests: by count and bytes, at stored borders, and where method, address or headers change; never
 * across splits. Outputs of one record stay together where they fit into a request.
 */
import type { SinkOutput } from "../../../core/result.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import { type Borders, type Place, placeBehind, placeOf } from "./borders.ts";
import type { Envelopes } from "./envelope.ts";
import { bytesInBatch } from "./request-body.ts";
import { recordsOf } from "./row-reader.ts";
import type { Request, Row, RowChunk } from "./rows.ts";

/** A request that may take more. */
interface Open {
  readonly split: string;
  readonly rows: Row[];
  bytes: number;
}

type BatchLimits = Pick<NonNullable<HttpSinkOptions["batch"]>, "records" | "bytes">;

/** One row a request: nothing is ever open, and nothing has to be remembered. */
export function* cutSingly(
  output: SinkOutput,
  chunk: RowChunk,
  envelopes: Envelopes,
): Generator<Request, void, undefined> {
  for (const record of recordsOf(output, chunk, envelopes)) {
    for (const row of record) yield { envelope: row.envelope, rows: [row] };
  }
}

/** Cuts one unit's rows into batches. */
export class BatchCutter {
  readonly #limits: BatchLimits;
  readonly #envelopes: Envelopes;
  readonly #borders: Borders;
  /** By split: chunks of several may come in turn. */
  readonly #open = new Map<string, Open>();
  /** Behind the last row of each split. */
  readonly #ends = new Map<string, Place>();

  constructor(limits: BatchLimits, envelopes: Envelopes, borders: Borders) {
    this.#limits = limits;
    this.#envelopes = envelopes;
    this.#borders = borders;
  }

  /** Behind the last row of each split so far. */
  get ends(): ReadonlyMap<string, Place> {
    return this.#ends;
  }

  /** Whether one that is open may have been sent with more rows by another process. */
  get isMidway(): boolean {
    for (const { split, rows } of this.#open.values()) {
      if (this.#borders.isBehind(split, placeOf(rows[0] as Row))) return true;
    }
    return false;
  }

  /** The requests that are whole with these rows. */
  cut(output: SinkOutput, chunk: RowChunk): Request[] {
    const whole: Request[] = [];
    for (const record of recordsOf(output, chunk, this.#envelopes)) this.#add(record, whole);
    return whole;
  }

  /** The open ones as they are; nothing more comes. */
  flush(): Request[] {
    const rest = [...this.#open.values()].map(requestOf);
    this.#open.clear();
    return rest;
  }

  #add(record: readonly Row[], whole: Request[]): void {
    const [first] = record as [Row];
    const { split } = first.chunk;
    const bytes = record.reduce((sum, row) => sum + bytesInBatch(row), 0);
    if (!this.#hasRoom(split, record.length, bytes)) this.#close(split, whole);
    for (const row of record) {
      if (!this.#hasRoom(split, 1, bytesInBatch(row)) || this.#isApart(row)) this.#close(split, whole);
      this.#put(row);
    }
    const last = record.at(-1) as Row;
    const end = placeBehind(last);
    this.#ends.set(split, end);
    const open = this.#open.get(split);
    if (open === undefined) return;
    const isAtBorder = this.#borders.isBetween(split, placeOf(open.rows[0] as Row), end);
    if (isAtBorder || open.rows.length >= this.#limits.records) this.#close(split, whole);
  }

  #hasRoom(split: string, rows: number, bytes: number): boolean {
    const open = this.#open.get(split);
    if (open === undefined) return true;
    return open.rows.length + rows <= this.#limits.records && open.bytes + bytes <= this.#limits.bytes;
  }

  /** Whether a row cannot join what is open. */
  #isApart({ chunk, envelope }: Row): boolean {
    const first = this.#open.get(chunk.split)?.rows[0];
    return first !== undefined && first.envelope.identity !== envelope.identity;
  }

  #put(row: Row): void {
    const { split } = row.chunk;
    const open = this.#open.get(split) ?? { split, rows: [], bytes: 0 };
    open.rows.push(row);
    open.bytes += bytesInBatch(row);
    this.#open.set(split, open);
  }

  #close(split: string, whole: Request[]): void {
    const open = this.#open.get(split);
    if (open === undefined) return;
    this.#open.delete(split);
    whole.push(requestOf(open));
  }
}

function requestOf({ rows }: Open): Request {
  return { envelope: (rows[0] as Row).envelope, rows };
}
