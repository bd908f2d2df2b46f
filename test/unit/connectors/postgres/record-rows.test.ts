import { expect, test } from "vitest";
import { RecordRows } from "../../../../src/connectors/postgres/sink/record-rows.ts";

test("RecordRows groups neighbouring rows by the record they came from", () => {
  const bytes = new TextEncoder().encode("a\nbb\nccc\nd\n");
  const rowEnds = Int32Array.of(2, 5, 9, 11);
  const rows = new RecordRows({
    sink: "s",
    bytes,
    rows: 4,
    rowEnds,
    recordOfRow: Int32Array.of(1, 5, 5, 9),
    turns: Int32Array.of(2),
    filtered: 0,
  });
  expect(rows.count).toBe(3);
  expect([0, 1, 2, 3].map((row) => rows.recordOf(row))).toEqual([0, 1, 1, 2]);
  expect([0, 1, 2, 3].map((record) => rows.firstRow(record))).toEqual([0, 1, 3, 4]);
  expect([0, 1, 2].map((record) => rows.rowsOf(record))).toEqual([1, 2, 1]);
  expect([0, 1, 2].map((record) => rows.numberInChunk(record))).toEqual([1, 5, 9]);
  const slices = rows.slices(1, 4).map((slice) => ({ ...slice, bytes: new TextDecoder().decode(slice.bytes) }));
  expect(slices).toEqual([
    { bytes: "bb\n", rows: 1, form: 0 },
    { bytes: "ccc\nd\n", rows: 2, form: 1 },
  ]);
});
