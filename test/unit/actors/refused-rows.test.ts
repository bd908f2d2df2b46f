import { expect, test } from "vitest";
import { RefusedRows } from "../../../src/actors/refused-rows.ts";
import { ChunkMaker } from "../../support/chunks.ts";

test("RefusedRows.reject() cuts out the record and counts the lines before it, in whatever order it is asked", () => {
  const text = 'head\na\n"b\nb"\nc\n\nd';
  const records = ["a", '"b\nb"', "c", "d"];
  const begin = "head\n".length;
  const spans = records.flatMap((record) => {
    const at = text.indexOf(record, begin) - begin;
    return [at, at + record.length];
  });
  const rows = new RefusedRows(new ChunkMaker().next(text, { begin }), Int32Array.from(spans), "shop");
  const lines = [0, 1, 3, 5];
  for (const record of [0, 1, 3, 2, 2, 0, 3]) {
    expect(rows.reject({ record, code: "ROW_REFUSED", message: "no" })).toEqual({
      ...{ record, code: "ROW_REFUSED", message: "no", stage: "write", sink: "shop" },
      ...{ offset: spans[2 * record], line: lines[record], raw: records[record], rawEncoding: "utf8" },
    });
  }
});
