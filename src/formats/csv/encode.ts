/** Writes outputs as rows of CSV: minimal quotes, and read back exactly by a reader of the same dialect. */
import { MillraceError } from "../../core/errors.ts";
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { Encoder, EncodeSpec, SourceFields } from "../../core/ports/format.ts";
import type { RowFormat } from "../generated/row-code.ts";
import { RowWriters } from "../generated/row-writers.ts";
import { GrowingBytes } from "../growing-bytes.ts";
import { LF } from "../lines.ts";
import { declaredColumns, fieldsOf, type OutputColumns } from "../output-fields.ts";
import { putByte } from "../put-bytes.ts";
import { unwritable } from "../values/json-text.ts";
import { valueText } from "../values/write-text.ts";
import type { Dialect } from "./dialect.ts";
import { FieldWriter } from "./field-writer.ts";
import { csvRowFormat } from "./row-format.ts";

/**
 * Encodes one output a row. Null, undefined and a missing field are nothing, an empty text is a pair of quotes; only
 * where a row of one column would be a blank line is null a pair of quotes too, since a blank line is no record.
 */
export class CsvEncoder implements Encoder {
  readonly head: Uint8Array;
  readonly #dialect: Dialect;
  readonly #columns: OutputColumns;
  readonly #writer: FieldWriter;
  readonly #rows = new RowWriters();

  /** @throws MillraceError CONFIG_INVALID, NOT_BUILT, or INVARIANT when the columns are not known yet */
  constructor(spec: EncodeSpec, dialect: Dialect) {
    if (spec.columns === null)
      throw new MillraceError("INVARIANT", `sink "${spec.sink}": a CSV encoder without columns`);
    if (dialect.encoding !== "utf-8") {
      throw new MillraceError("NOT_BUILT", `csv.encoding: ${dialect.encoding} is not written yet: expected utf-8`);
    }
    this.#dialect = dialect;
    this.#columns = declaredColumns(spec);
    this.#writer = new FieldWriter(dialect);
    this.head = this.#headOf(titlesOf(this.#columns.names, dialect));
  }

  encode(output: unknown, source: SourceFields, to: ByteWriter): void {
    const fields = fieldsOf(output);
    if (this.#rows.write(fields, source, to)) return;
    this.#columns.take(fields);
    this.#rows.learn(this.#columns, source, () => this.#rowFormat(source));
    const { names, values } = this.#columns;
    const indexes = this.#columns.sourceIndexes(source);
    const start = to.length;
    for (let i = 0; i < names.length; i++) {
      if (i > 0) putByte(to, this.#dialect.delimiter);
      this.#putField(to, i, values[i], source, indexes[i] as number);
    }
    this.#endRow(to, start);
  }

  #rowFormat({ registers }: SourceFields): RowFormat | null {
    return csvRowFormat({
      dialect: this.#dialect,
      columns: this.#columns.names.length,
      special: this.#writer.special,
      separator: registers?.separator ?? -1,
      plainly: (to, column, value, source) => {
        this.#putField(to, column, value, source, this.#columns.sourceIndexes(source)[column] as number);
        return true;
      },
    });
  }

  #putField(to: ByteWriter, column: number, value: unknown, source: SourceFields, index: number): void {
    if (value === null || value === undefined || this.#putUntouched(to, value, source, index, column)) return;
    const name = this.#columns.names[column] as string;
    this.#writer.putText(to, valueText(value, name, "portable"), name, column === 0);
  }

  /** Copies the source's bytes of a field that still is what it was; false when there are none to copy. */
  #putUntouched(to: ByteWriter, value: unknown, source: SourceFields, index: number, column: number): boolean {
    if (index < 0 || !source.isUntouched(index, value)) return false;
    const span = source.span(index);
    if (span === undefined) return false;
    const csv = source.encoding === "csv";
    // the text of a JSON string with backslashes is its value; that of an object or number is its bytes
    if (!csv && span.escaped && span.quoted) return false;
    const name = this.#columns.names[column] as string;
    this.#writer.putSpan(to, source.bytes, span, name, column === 0, csv && span.escaped);
    return true;
  }

  #endRow(to: ByteWriter, start: number): void {
    if (to.length === start) {
      this.#writer.putEmpty(to);
      if (to.length === start) {
        throw unwritable(
          this.#columns.names[0] ?? "",
          "a row without text would be a blank line, and csv.quote is null",
        );
      }
    }
    putByte(to, LF);
  }

  #headOf(titles: readonly string[]): Uint8Array {
    if (titles.length === 0) return new Uint8Array(0);
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    titles.forEach((title, index) => {
      if (index > 0) putByte(to, this.#dialect.delimiter);
      this.#writer.putText(to, title, title, index === 0);
    });
    putByte(to, LF);
    return new Uint8Array(to.bytes.subarray(0, to.length));
  }
}

/** What the header line says; nothing when there is none. */
export function titlesOf(names: readonly string[], { header }: Dialect): readonly string[] {
  if (typeof header === "boolean") return header ? names : [];
  if (header.length === names.length) return header;
  throw new MillraceError(
    "CONFIG_INVALID",
    `csv.header: it lists ${header.length} names for ${names.length} columns (${names.join(", ")}): list one for each`,
  );
}
