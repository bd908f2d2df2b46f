import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readTextRows } from "../../../../../src/connectors/postgres/sink/modes/text-rows.ts";
import type { SourceFields } from "../../../../../src/core/ports/format.ts";
import { CopyTextEncoder } from "../../../../../src/formats/pg-copy/encode-text.ts";
import { GrowingBytes } from "../../../../../src/formats/growing-bytes.ts";

/** A record that came from nowhere: no field of it is untouched. */
const NOWHERE = { names: [], indexOf: () => -1, isUntouched: () => false } as unknown as SourceFields;

test("readTextRows() gives the texts that the encoder of COPY's text format was given", () => {
  const text = fc.string({
    unit: fc.constantFrom("\\", "N", "\t", "\n", "\r", "\b", "\v", "\f", "n", "é", "😀", ".", '"'),
  });
  const rows = fc.array(fc.record({ a: fc.option(text), b: fc.option(text) }));
  fc.assert(
    fc.property(rows, (records) => {
      const columns = [
        { name: "a", type: "text" },
        { name: "b", type: "text" },
      ];
      const spec = {
        sink: "sink",
        format: "pg-copy",
        options: {},
        columns,
        needsColumns: true,
        onUnknownField: "error",
      } as const;
      const encoder = new CopyTextEncoder(spec);
      const to = new GrowingBytes(new SharedArrayBuffer(16));
      for (const record of records) encoder.encode(record, NOWHERE, to);
      expect(readTextRows(to.bytes.subarray(0, to.length), 2)).toEqual([
        records.map(({ a }) => a),
        records.map(({ b }) => b),
      ]);
    }),
  );
});
