/** Keeps an encoder's generated writer of records that are passed on unread. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { SourceFields } from "../../core/ports/format.ts";
import type { FieldNotation, PlacedFields } from "../../core/ports/placed-fields.ts";
import { type PassFormat, type RowPasser, rowPasser } from "./pass-code.ts";

/** How the records of a source become rows. */
export interface PassPlan {
  readonly format: PassFormat;
  /** Numbers of the fields, in the order of the row; -1: the source has none, and it is null. */
  readonly fields: readonly number[];
}

/** The writer for one source; made at its first record. */
export class RowPassers {
  #pass: RowPasser | null = null;
  /** What it was made for. */
  #notations: readonly FieldNotation[] | undefined;

  /**
   * Writes a placed record; or says false, and it has to be read.
   *
   * @param plan asked once a source; null where all records have to be read
   * @throws MillraceError as the format's plain way
   */
  pass(
    source: SourceFields,
    to: ByteWriter,
    plan: (source: SourceFields, placed: PlacedFields) => PassPlan | null,
  ): boolean {
    const { placed } = source;
    if (placed === undefined) return false;
    if (placed.notations !== this.#notations) {
      this.#notations = placed.notations;
      const made = plan(source, placed);
      this.#pass = made === null ? null : (rowPasser(made.format, made.fields, placed.notations)?.run ?? null);
    }
    this.#pass?.(placed, source, to);
    return this.#pass !== null;
  }
}
