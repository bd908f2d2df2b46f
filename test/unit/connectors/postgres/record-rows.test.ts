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
    filtered: 0,
  });
  expect(rows.count).toBe(3);
  expect([0, 1, 2, 3].map((row) => rows.recordOf(row))).toEqual([0, 1, 1, 2]);
  expect([0, 1, 2, 3].map((record) => rows.firstRow(record))).toEqual([0, 1, 3, 4]);
  expect([0, 1, 2].map((record) => rows.rowsOf(record))).toEqual([1, 2, 1]);
  expect([0, 1, 2].map((record) => rows.numberInChunk(record))).toEqual([1, 5, 9]);
  expect(new TextDecoder().decode(rows.bytes(1, 3))).toBe("bb\nccc\n");
  expect(rows.bytes(0, 4)).toEqual(bytes);
});
