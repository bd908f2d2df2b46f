/** Keeps an encoder's generated row writer and makes a new one when the shape of its rows changes. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { FieldRegisters, SourceFields } from "../../core/ports/format.ts";
import type { OutputColumns, OutputFields } from "../output-fields.ts";
import { type RowFormat, type RowWriter, rowWriter } from "./row-code.ts";

/** A transform whose outputs change their shape again and again is served by the plain way. */
const MAX_WRITERS = 16;

/**
 * The writer for the shape that was learned last. An encoder first tries `write`; where that says false it goes its plain
 * way and then lets the writer `learn`.
 */
export class RowWriters {
  #write: RowWriter | null = null;
  #registers: FieldRegisters | undefined;
  #made = 0;

  /** Writes a row of the learned shape, or says false and writes nothing. */
  write(output: OutputFields, source: SourceFields, to: ByteWriter): boolean {
    const { registers } = source;
    if (this.#write === null || registers === undefined || registers !== this.#registers) return false;
    return this.#write(output, registers, source, to);
  }

  /** Makes a writer for the shape of the output that `columns` took last, if that is the second one of its kind. */
  learn(columns: OutputColumns, source: SourceFields, format: () => RowFormat | null): void {
    const { registers } = source;
    const keys = columns.repeatedKeys;
    if (registers === undefined || keys === null || this.#made === MAX_WRITERS) return;
    this.#made++;
    const wanted = format();
    const shape = { keys, columns: columns.names, source, registers, sample: columns.values };
    this.#write = wanted === null ? null : (rowWriter(wanted, shape)?.run ?? null);
    this.#registers = registers;
  }
}
