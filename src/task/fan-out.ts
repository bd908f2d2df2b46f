/** Hands the outputs of each record to the sinks that are to have them. */
import { MillraceError } from "../core/errors.ts";
import type { EncodeSpec, Format, SourceFields } from "../core/ports/format.ts";
import type { IndexSlice, Task, TaskOutput } from "../core/task.ts";
import { ColumnFinder } from "./column-finder.ts";
import { type Outcome, type Outputs, outputsFor } from "./outcome.ts";
import { SinkRows } from "./sink-rows.ts";

/** What a sink's format has against one of a record's outputs. */
export interface Refusal {
  readonly sink: string;
  /** Which of the outputs that the sink was given, when there were several. */
  readonly output?: number;
  readonly code: MillraceError["code"];
  readonly message: string;
}

const NO_REFUSALS: readonly Refusal[] = [];
const NO_INTS: IndexSlice = { from: 0, length: 0 };
const EMPTY = new Int32Array(0);
/** Arrays of the index that a sink has. */
const SLICES = 5;

/** The sinks of a job as a thread sees them; made once a thread, `begin` turns it to the next chunk. */
export class FanOut {
  readonly #sinks: readonly SinkRows[];
  /** Those that need the chunk being worked on. */
  #needed: readonly SinkRows[] = [];
  #filtered = 0;

  constructor(specs: readonly EncodeSpec[], format: (name: string) => Format) {
    this.#sinks = specs.map((spec) => new SinkRows(spec, format(spec.format)));
  }

  /** Turns to the next chunk: the sinks that memory was lent for need it. */
  begin({ out, columns }: Pick<Task, "out" | "columns">): void {
    this.#filtered = 0;
    this.#needed = this.#sinks.filter((sink, index) => {
      const memory = out[index] ?? null;
      // An own property only: a sink may be called `constructor`.
      if (memory !== null) sink.begin(memory, Object.hasOwn(columns, sink.sink) ? columns[sink.sink] : undefined);
      return memory !== null;
    });
  }

  /** Whether every needed sink knows its columns, so that records can be encoded one by one. */
  get ready(): boolean {
    return this.#needed.every((sink) => sink.ready);
  }

  /** Finds the columns of the sinks that have none: the union of the keys of what goes there. */
  findColumns(outcomes: Iterable<Outcome>): void {
    const waiting = this.#needed.flatMap((sink) => (sink.ready ? [] : [{ sink, finder: new ColumnFinder(sink.sink) }]));
    for (const outcome of outcomes) for (const { finder } of waiting) finder.add(outcome);
    for (const { sink, finder } of waiting) if (finder.columns.length > 0) sink.useFound(finder.columns);
  }

  /** A record that no sink gets anything of. */
  filter(): void {
    this.#filtered++;
  }

  /** Whether all needed sinks have records that they can write without their being read. */
  get passes(): boolean {
    return this.#needed.every((sink) => sink.passes);
  }

  /** Writes a record that was placed and not read for each sink; false: it has to be read, and nothing is written. */
  pass(source: SourceFields, record: number): boolean {
    for (const sink of this.#needed) sink.mark();
    for (const sink of this.#needed) {
      if (sink.pass(source, record)) continue;
      for (const one of this.#needed) one.undo();
      return false;
    }
    return true;
  }

  /** Encodes a record's outputs for each sink; where one is refused the sink gets none of the record. */
  write(outputs: Outputs, source: SourceFields, record: number): readonly Refusal[] {
    let refusals = NO_REFUSALS;
    for (const sink of this.#needed) {
      const mine = outputsFor(outputs, sink.sink);
      if (mine.length === 0) sink.filtered++;
      const refusal = writeAll(sink, mine, source, record);
      if (refusal !== null) refusals = [...refusals, refusal];
    }
    return refusals;
  }

  /** What goes into the index: `SLICES` arrays a needed sink. */
  get index(): readonly Int32Array[] {
    return this.#needed.flatMap(({ rowEnds, recordOfRow, turns, partitions, attached }) => [
      rowEnds.view(),
      recordOfRow.view(),
      turns.view(),
      partitions?.ofRow.view() ?? EMPTY,
      attached?.lengths.view() ?? EMPTY,
    ]);
  }

  /** @param slices where the arrays of {@link index} were put */
  outputs(slices: readonly IndexSlice[]): readonly TaskOutput[] {
    return this.#needed.map((sink, number) => {
      const [rowEnds, recordOfRow, turns, ofRow, lengths] = slices.slice(SLICES * number, SLICES * (number + 1));
      return {
        sink: sink.sink,
        ...sink.finish(),
        rows: sink.rowEnds.length,
        rowEnds: rowEnds ?? NO_INTS,
        recordOfRow: recordOfRow ?? NO_INTS,
        ...(turns !== undefined && turns.length > 0 && { turns }),
        filtered: this.#filtered + sink.filtered,
        ...(sink.partitions && { partitions: { names: sink.partitions.names, ofRow: ofRow ?? NO_INTS } }),
        ...(sink.attached && { attached: { fields: sink.attached.fields.length, lengths: lengths ?? NO_INTS } }),
      };
    });
  }

  /** The output columns used, of the sinks that know theirs. */
  get columns(): { readonly [sink: string]: readonly string[] } {
    return Object.fromEntries(
      this.#needed.flatMap((sink) => (sink.ready && sink.columns !== null ? [[sink.sink, sink.columns]] : [])),
    );
  }
}

function writeAll(sink: SinkRows, outputs: readonly unknown[], source: SourceFields, record: number): Refusal | null {
  sink.mark();
  for (let output = 0; output < outputs.length; output++) {
    try {
      sink.write(outputs[output], source, record);
    } catch (thrown) {
      const { code, message } = faultOf(thrown);
      sink.undo();
      return { sink: sink.sink, ...(outputs.length > 1 ? { output } : {}), code, message };
    }
  }
  return null;
}

/** What an encoder has against an output; what is not ours was thrown by a getter or a `toJSON` of the user's. */
function faultOf(thrown: unknown): MillraceError {
  const error = MillraceError.from(thrown, "VALUE_INVALID", "the output cannot be written");
  if (error.fault !== "record") throw error;
  return error;
}
