/** Rows of one chunk by their form: a format may write some rows in another way than others (`Encoder.form`). */
import type { RowForm } from "./ports/format.ts";
import type { SinkOutput } from "./result.ts";

/** Neighbouring rows of one form. */
export interface RowSlice {
  /** Lies in the chunk's memory. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly form: RowForm;
}

/** Rows with the places where their form changes. */
export type FormedRows = Pick<SinkOutput, "bytes" | "rows" | "rowEnds" | "turns">;

/**
 * The rows from `begin` up to but not with `end`, cut where the form changes; nothing is copied.
 *
 * @example
 * for (const { bytes, form } of rowSlices(output)) await (form === 0 ? binary : text).write(bytes);
 */
export function rowSlices(output: FormedRows, begin = 0, end = output.rows): RowSlice[] {
  const { bytes, rowEnds, turns = NO_TURNS } = output;
  const startOf = (row: number): number => (row === 0 ? 0 : (rowEnds[row - 1] as number));
  const cuts = [...turns.filter((turn) => turn > begin && turn < end), end];
  let from = begin;
  let form = formOf(turns, begin);
  const slices: RowSlice[] = [];
  for (const to of cuts) {
    if (to > from) slices.push({ bytes: bytes.subarray(startOf(from), startOf(to)), rows: to - from, form });
    from = to;
    form = form === 0 ? 1 : 0;
  }
  return slices;
}

/** The turns of rows of these forms. */
export function turnsAmong(forms: readonly RowForm[]): Int32Array {
  return Int32Array.from(forms.keys()).filter((row) => forms[row] !== (forms[row - 1] ?? 0));
}

/** The turns of some rows alone, by their numbers, ascending: of what is left of an output. */
export function turnsOf(turns: Int32Array, rows: readonly number[]): Int32Array {
  return turnsAmong(rows.map((row) => formOf(turns, row)));
}

/** The turns of the rows from `first` on. */
export function turnsFrom(turns: Int32Array, first: number): Int32Array {
  const later = turns.filter((turn) => turn > first).map((turn) => turn - first);
  return formOf(turns, first) === 0 ? later : Int32Array.of(0, ...later);
}

const NO_TURNS = new Int32Array(0);

function formOf(turns: Int32Array, row: number): RowForm {
  let form: RowForm = 0;
  for (const turn of turns) {
    if (turn > row) break;
    form = form === 0 ? 1 : 0;
  }
  return form;
}
