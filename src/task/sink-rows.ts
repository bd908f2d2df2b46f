/** The rows one sink receives of the chunk being worked on. */
import { MillraceError } from "../core/errors.ts";
import type { Encoder, EncodeSpec, Format, RowForm, SourceFields } from "../core/ports/format.ts";
import { typedColumns } from "../core/typed-columns.ts";
import { GrowingBytes } from "../formats/growing-bytes.ts";
import { fieldsOf } from "../formats/output-fields.ts";
import { AttachedTexts } from "./attached-texts.ts";
import { GrowingInts } from "./growing-ints.ts";
import { RowPartitions } from "./row-partitions.ts";

/**
 * Encodes rows for one sink. Made once a thread; `begin` turns it to the next chunk's memory.
 *
 * Rows are taken back record by record: `mark` before a record's first row, `undo` when one of its rows is refused, so
 * that a rejected record leaves nothing behind.
 */
export class SinkRows {
  readonly sink: string;
  readonly rowEnds = new GrowingInts();
  readonly recordOfRow = new GrowingInts();
  /** Rows at which the form changes, the first being of form 0. */
  readonly turns = new GrowingInts(16);
  /** Null for a sink that has none. */
  readonly partitions: RowPartitions | null;
  /** Null for a sink that needs no fields apart. */
  readonly attached: AttachedTexts | null;
  /** Records that have outputs, none of them for this sink. */
  filtered = 0;
  readonly #spec: EncodeSpec;
  readonly #format: Format;
  #columns: readonly string[] | null;
  #encoder: Encoder | null;
  #bytes = new GrowingBytes(new SharedArrayBuffer(0));
  /** Of the row written last. */
  #form: RowForm = 0;
  #markedBytes = 0;
  #markedRows = 0;

  constructor(spec: EncodeSpec, format: Format) {
    this.sink = spec.sink;
    this.#spec = spec;
    this.#format = format;
    this.partitions = spec.partition === undefined ? null : new RowPartitions(spec.partition);
    this.attached = spec.attached === undefined ? null : new AttachedTexts(spec.attached);
    this.#columns = spec.columns?.map((column) => column.name) ?? null;
    this.#encoder = spec.columns !== null || !spec.needsColumns ? format.encoder(spec) : null;
  }

  /** The output columns, or null while they are to be found. */
  get columns(): readonly string[] | null {
    return this.#columns;
  }

  /** Whether a row can be encoded: a sink that needs columns has to be told them first. */
  get ready(): boolean {
    return this.#encoder !== null;
  }

  /** Settles the output columns. */
  useColumns(columns: readonly string[]): void {
    this.#columns = columns;
    this.#encoder = this.#format.encoder({ ...this.#spec, columns: typedColumns(this.#spec, columns) });
  }

  /** Settles the output columns by those that records have. */
  useFound(found: readonly string[]): void {
    const { always = [] } = this.#spec;
    this.useColumns([...found, ...always.filter((name) => !found.includes(name))]);
  }

  /**
   * Turns to the next chunk.
   *
   * @param columns what earlier chunks settled; undefined: nothing yet, whatever this thread may have found
   */
  begin(memory: SharedArrayBuffer, columns: readonly string[] | undefined): void {
    this.filtered = 0;
    if (this.#spec.columns === null && this.#spec.needsColumns) this.#settle(columns);
    this.#bytes = new GrowingBytes(memory);
    this.rowEnds.clear();
    this.recordOfRow.clear();
    this.turns.clear();
    this.#form = 0;
    this.partitions?.begin();
    this.attached?.begin();
  }

  #settle(columns: readonly string[] | undefined): void {
    if (columns === undefined) {
      this.#columns = null;
      this.#encoder = null;
    } else if (this.#columns === null || !sameNames(columns, this.#columns)) this.useColumns(columns);
  }

  mark(): void {
    this.#markedBytes = this.#bytes.length;
    this.#markedRows = this.rowEnds.length;
  }

  undo(): void {
    this.#bytes.length = this.#markedBytes;
    this.rowEnds.length = this.#markedRows;
    this.recordOfRow.length = this.#markedRows;
    this.#keepTurns(this.#markedRows);
    if (this.partitions !== null) this.partitions.ofRow.length = this.#markedRows;
    this.attached?.keepRows(this.#markedRows);
  }

  /** @throws MillraceError of fault class `record` when the sink cannot hold the output; `undo` is then due */
  write(output: unknown, source: SourceFields, record: number): void {
    if (this.#encoder === null) throw withoutColumns(output);
    this.attached?.put(output, source, this.#bytes);
    this.#encoder.encode(output, source, this.#bytes);
    this.#takeForm(this.#encoder);
    this.rowEnds.push(this.#bytes.length);
    this.recordOfRow.push(record);
    if (this.partitions !== null) this.partitions.ofRow.push(this.partitions.numberOf(output));
  }

  /** Whether there are records that it can write without their being read. */
  get passes(): boolean {
    return this.#encoder?.pass !== undefined && this.partitions === null && this.attached === null;
  }

  /** Writes a record that was placed and not read as it stands; false: it has to be read, and `undo` is due. */
  pass(source: SourceFields, record: number): boolean {
    try {
      if (this.#encoder?.pass?.(source, this.#bytes) !== true) return false;
    } catch {
      // what is at fault is told by reading it
      return false;
    }
    this.#takeForm(this.#encoder);
    this.rowEnds.push(this.#bytes.length);
    this.recordOfRow.push(record);
    return true;
  }

  /** Notes a turn where the row written last has another form than the one before. */
  #takeForm({ form = 0 }: Encoder): void {
    if (form === this.#form) return;
    this.#form = form;
    this.turns.push(this.rowEnds.length);
  }

  /** Takes back the turns of all rows from `rows` on. */
  #keepTurns(rows: number): void {
    const turns = this.turns.view();
    while (this.turns.length > 0 && (turns[this.turns.length - 1] as number) >= rows) this.turns.length--;
    this.#form = this.turns.length % 2 === 0 ? 0 : 1;
  }

  /** Bytes written, and the memory they are in if the lent one was too small. */
  finish(): { readonly bytes: number; readonly memory: SharedArrayBuffer | null } {
    return { bytes: this.#bytes.length, memory: this.#bytes.outgrown ? this.#bytes.memory : null };
  }
}

/** No output of the whole chunk had a field by which columns could be found. */
function withoutColumns(output: unknown): MillraceError {
  fieldsOf(output);
  return new MillraceError(
    "VALUE_INVALID",
    "the output has no fields, and the sink's columns are not known yet: return a field, or set the sink's columns",
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
