/** Mode columns: the function sees the fields of a chunk's records as arrays, and returns arrays. */
import type { SourceFields } from "../core/ports/format.ts";
import { callWith, gateOfMany, type ManyOptions } from "./chunk-mode.ts";
import { HeldChunk } from "./held-chunk.ts";
import type { HeldRecord } from "./held-record.ts";
import { columnFault, type DeclaredKinds, type InputColumns, inputColumns } from "./input-columns.ts";
import type { ChunkWork, Mode, Verdicts } from "./mode.ts";
import { NO_SOURCE } from "./no-source.ts";
import type { Outcome } from "./outcome.ts";
import { OutputColumns } from "./output-columns.ts";
import { type Failure, inPieces } from "./pieces.ts";
import type { Router } from "./route.ts";
import { thrownOutcome } from "./thrown-outcome.ts";

/** Calls a function with columns. */
export class ColumnMode implements Mode {
  readonly judge = null;
  readonly #options: ManyOptions;
  readonly #kinds: DeclaredKinds;

  constructor(options: ManyOptions, kinds: DeclaredKinds) {
    this.#options = options;
    this.#kinds = kinds;
  }

  enter(): void {}

  judgeAll(work: ChunkWork): Verdicts {
    const { file, route } = this.#options;
    const chunk = new HeldChunk(work, { gate: gateOfMany(this.#options, work.place), route });
    const rows = new ColumnRows(chunk, work, route);
    inPieces(this.#fitting(chunk), {
      ...work,
      call: (piece) => this.#call(piece, work, rows),
      onFailure: ({ record }, { thrown }) => chunk.settle(record, thrownOutcome(thrown, file, "transform")),
      reread: (piece) => chunk.reread(piece),
    });
    return rows;
  }

  /** The records that can be put into columns; the others are rejected. */
  #fitting(chunk: HeldChunk): readonly HeldRecord[] {
    return chunk.held.filter((held) => {
      const fault = columnFault(held, this.#kinds);
      if (fault !== null) chunk.settle(held.record, fault);
      return fault === null;
    });
  }

  #call(piece: readonly HeldRecord[], { place }: ChunkWork, rows: ColumnRows): Failure | null {
    const columns = inputColumns(piece, this.#kinds);
    const returned = callWith(this.#options, piece, place, () => chunkOf(columns, piece.length));
    if ("thrown" in returned) return returned;
    rows.add(piece, new OutputColumns(returned.result, piece.length, columns));
    return null;
  }
}

/** What the user's function is given; names stand in objects without a prototype, for a field may have any name. */
function chunkOf(input: InputColumns, length: number): object {
  const columns: { [name: string]: unknown } = Object.create(null);
  const nulls: { [name: string]: Uint8Array } = Object.create(null);
  for (const [name, column] of input) {
    columns[name] = column.values;
    if (column.nulls !== null) nulls[name] = column.nulls;
  }
  return { length, columns, nulls };
}

/** The rows of all pieces of a chunk. */
class ColumnRows implements Verdicts {
  source: SourceFields = NO_SOURCE;
  readonly #chunk: HeldChunk;
  readonly #work: ChunkWork;
  readonly #route: Router | null;
  readonly #rowOf: ({ readonly result: OutputColumns; readonly index: number } | undefined)[] = [];

  constructor(chunk: HeldChunk, work: ChunkWork, route: Router | null) {
    this.#chunk = chunk;
    this.#work = work;
    this.#route = route;
  }

  add(piece: readonly HeldRecord[], result: OutputColumns): void {
    piece.forEach(({ record }, index) => {
      this.#rowOf[record] = { result, index };
    });
  }

  of(record: number): Outcome {
    const row = this.#rowOf[record];
    if (row === undefined) return this.#chunk.of(record);
    const outcome = row.result.outcomeOf(row.index, this.#read(record, row.result));
    return this.#route === null ? outcome : this.#route(outcome);
  }

  /** The record once more, where a row may hold some of it. */
  #read(record: number, { handsOn }: OutputColumns): unknown {
    const { batch } = this.#work.place;
    const again = handsOn ? batch.read(record) : null;
    this.source = again === null ? NO_SOURCE : batch.current;
    return again !== null && "record" in again ? again.record : null;
  }
}
