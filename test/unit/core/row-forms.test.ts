import * as fc from "fast-check";
import { expect, test } from "vitest";
import { withoutRecords } from "../../../src/core/output-rows.ts";
import type { RowForm } from "../../../src/core/ports/format.ts";
import type { SinkOutput } from "../../../src/core/result.ts";
import { rowSlices, turnsAmong, turnsFrom } from "../../../src/core/row-forms.ts";

const forms = fc.array(fc.constantFrom<RowForm>(0, 1), { maxLength: 30 });

/** A byte a row. */
function outputOf(list: readonly RowForm[]): SinkOutput {
  const numbers = Uint8Array.from(list.keys());
  return {
    sink: "s",
    bytes: numbers,
    rows: list.length,
    rowEnds: Int32Array.from(list, (_, row) => row + 1),
    recordOfRow: Int32Array.from(numbers),
    turns: turnsAmong(list),
    filtered: 0,
  };
}

/** Each row's form and its byte. */
const read = (output: SinkOutput, begin?: number, end?: number) =>
  rowSlices(output, begin, end).flatMap(({ bytes, rows, form }) => {
    expect(bytes.length).toBe(rows);
    return [...bytes].map((byte) => [form, byte]);
  });

test("rowSlices() gives any rows back in their forms", () => {
  fc.assert(
    fc.property(forms, fc.nat(30), fc.nat(30), (list, a, b) => {
      const [begin, end] = [Math.min(a, b, list.length), Math.min(Math.max(a, b), list.length)];
      const expected = list.map((form, row) => [form, row]).slice(begin, end);
      expect(read(outputOf(list), begin, end)).toEqual(expected);
    }),
  );
});

test("rowSlices() cuts only where the form changes", () => {
  const slices = rowSlices(outputOf([1, 1, 0, 0, 1])).map(({ form, rows }) => [form, rows]);
  expect(slices).toEqual([
    [1, 2],
    [0, 2],
    [1, 1],
  ]);
  const { turns: _, ...plain } = outputOf([0, 0]);
  expect(rowSlices(plain)).toMatchObject([{ rows: 2, form: 0 }]);
});

test("turnsFrom() gives the turns of the rows behind", () => {
  fc.assert(
    fc.property(forms, fc.nat(30), (list, first) => {
      expect(turnsFrom(turnsAmong(list), Math.min(first, list.length - 1))).toEqual(
        turnsAmong(list.slice(Math.min(first, list.length - 1))),
      );
    }),
  );
});

test("withoutRecords() keeps the forms of the rows that are left", () => {
  fc.assert(
    fc.property(forms, fc.uniqueArray(fc.nat(30)), (list, gone) => {
      const left = read(withoutRecords(outputOf(list), new Set(gone)));
      expect(left).toEqual(list.map((form, row) => [form, row]).filter(([, row]) => !gone.includes(row as number)));
    }),
  );
});
