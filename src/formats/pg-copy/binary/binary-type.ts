/** How values of one Postgres type become the bytes that its receive function takes. */
import type { ColumnKind } from "../column-kind.ts";

/**
 * Writes what the server reads in the ASCII text `from[begin, end)`.
 *
 * At most as many bytes are written as the text has, and {@link READ_ROOM} more. What is written may be spoilt by -1.
 *
 * @returns the offset behind, or -1 when the text is not one that is read here exactly as the server reads it
 */
export type TextReader = (to: DataView, at: number, from: DataView, begin: number, end: number) => number;

/** What a {@link TextReader}, {@link ValueWriter} or {@link InstantWriter} may write beside the length of a text. */
export const READ_ROOM = 32;

/** Writes a value that is no text, or says -1 when it takes the text of it to tell what the server would read. */
export type ValueWriter = (to: DataView, at: number, value: unknown) => number;

/**
 * Writes an instant, or says -1 when the type does not reach so far.
 *
 * @param ms since 1970; NaN gives -1
 * @param micros that a Date does not hold, on top of `ms`
 */
export type InstantWriter = (to: DataView, at: number, ms: number, micros: number) => number;

/** A type of a form of its own. */
export interface ParsedType {
  readonly oid: number;
  readonly read: TextReader;
  readonly put: ValueWriter;
  /** For types that take a Date. */
  readonly putInstant?: InstantWriter;
  /** What a source wrote for a number says more than the number (its scale), so it is read again. */
  readonly keepsScale?: boolean;
}

/** A type whose values are their text. */
export interface TextualType {
  readonly oid: number;
  /** The byte before the text, if there is one. */
  readonly version?: number;
  /** Bytes of text above which the server takes the text form otherwise. */
  readonly maxBytes: number;
}

/** A type that is written in its binary form. */
export type BinaryType = ParsedType | TextualType;

/** A column that rows are written into. */
export interface BinaryColumn {
  readonly name: string;
  /** What COPY text makes of its type: both forms hold the same values. */
  readonly kind: ColumnKind;
  /** Of its elements when it is an array. */
  readonly type: BinaryType;
}

/** Whether a type's values are their text. */
export function isTextual(type: BinaryType): type is TextualType {
  return !("read" in type);
}
