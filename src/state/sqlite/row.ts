/** Values of a row as SQLite gives them; STRICT tables make sure that a column holds what it is declared to. */
import type { SQLOutputValue } from "node:sqlite";

/** One row by column name. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** A TEXT column. */
export function text(value: SQLOutputValue | undefined): string {
  return String(value);
}

/** An INTEGER column whose values are far from the limits of a number: counts, epochs, milliseconds. */
export function int(value: SQLOutputValue | undefined): number {
  return Number(value);
}
