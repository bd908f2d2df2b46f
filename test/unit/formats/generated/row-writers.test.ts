import { describe, expect, test } from "vitest";
import type { EncodeSpec } from "../../../../src/core/ports/format.ts";
import type { Columns, DataRecord } from "../../../../src/core/record.ts";
import { formatByName } from "../../../../src/formats/catalog.ts";
import { CsvDecoder } from "../../../../src/formats/csv/decode.ts";
import { csvDialect } from "../../../../src/formats/csv/dialect.ts";
import type { CsvOptions } from "../../../../src/formats/csv/options.ts";
import { GrowingBytes } from "../../../../src/formats/growing-bytes.ts";
import { sharedBytes } from "../../../support/csv-decoding.ts";

interface Setup {
  readonly fields?: readonly string[];
  readonly columns?: Columns;
  readonly csv?: CsvOptions;
  readonly sink?: Partial<EncodeSpec>;
  readonly transform?: (record: DataRecord, index: number) => unknown;
}

const ROWS = { csv: [{ name: "a" }, { name: "b" }], jsonl: null, "pg-copy": [{ name: "a", type: "text" }] };

/** What records of a text become; the shape of the first two is what a writer is made for. */
function rows(format: keyof typeof ROWS, text: string, setup: Setup = {}): string {
  const { fields = ["a", "b"], columns = {}, csv = {}, sink = {}, transform = (record) => record } = setup;
  const parts = { dialect: csvDialect(csv), fields: { columns }, maxRecordBytes: 1000, generateAfter: 0 };
  const batch = new CsvDecoder(parts).decode({ bytes: sharedBytes(text), final: true, truncated: false, fields });
  const spec = { sink: "sink", format, options: {}, columns: ROWS[format], needsColumns: format !== "jsonl" };
  const encoder = formatByName(format).encoder({ ...spec, onUnknownField: "ignore", ...sink });
  const to = new GrowingBytes(new SharedArrayBuffer(0));
  for (let record = 0; record < batch.count; record++) {
    const read = batch.read(record);
    if ("fault" in read) throw new TypeError(read.fault.message);
    encoder.encode(transform(read.record as DataRecord, record), batch.current, to);
  }
  return to.bytes.toString("utf8", 0, to.length);
}

describe("RowWriters", () => {
  test("write the rows of a shape that repeats, and the plain way writes all others", () => {
    const transform = (record: DataRecord, index: number) => (index === 3 ? { b: 1, a: 2 } : record);
    const lines = rows("jsonl", "1,x\n2,y\n3,z\n4,\n5,v\n", { transform }).split("\n");
    expect(lines[3]).toBe('{"b":1,"a":2}');
    expect([0, 1, 2, 4].map((line) => lines[line])).toEqual([
      '{"a":"1","b":"x"}',
      '{"a":"2","b":"y"}',
      '{"a":"3","b":"z"}',
      '{"a":"5","b":"v"}',
    ]);
  });

  test("keep names that would be code as what they are: data", () => {
    const fields = ['"];throw 1;//', "__proto__", "${p}", "`\\\n\u2028", "constructor", "0"];
    const text = "1,2,3,4,5,6\n".repeat(4);
    const lines = rows("jsonl", text, { fields }).trimEnd().split("\n");
    const record = Object.fromEntries(fields.map((name, index) => [name, `${index + 1}`]));
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe(JSON.stringify(record));
  });

  test("do not copy a time with a zone of its own into a type without one", () => {
    const setup: Setup = {
      columns: { a: { type: "timestamp" } },
      sink: { columns: [{ name: "a", type: "timestamp" }] },
    };
    const text = "2024-05-01T10:00:00.123456Z,\n2024-05-01T10:00:00.500+02:00,\n".repeat(3);
    expect(rows("pg-copy", text, setup)).toBe("2024-05-01T10:00:00.123456Z\n2024-05-01T08:00:00.500Z\n".repeat(3));
  });

  test("quote a first field that begins with a byte order mark", () => {
    expect(rows("csv", "\uFEFFx,y\n".repeat(4))).toBe('"\uFEFFx",y\n'.repeat(4));
  });

  test("tell a Date that was changed in place", () => {
    const transform = (record: DataRecord) => {
      (record["a"] as Date).setUTCMinutes(30);
      return record;
    };
    const text = "2024-05-01T10:00:00.123456Z,\n".repeat(4);
    expect(rows("jsonl", text, { columns: { a: { type: "timestamp" } }, transform })).toBe(
      '{"a":"2024-05-01T10:30:00.123Z","b":""}\n'.repeat(4),
    );
  });

  test("find room for a row that outgrows the memory", () => {
    const transform = (record: DataRecord) => ({ ...record, c: "long text ".repeat(1_000), d: 7 });
    const lines = rows("jsonl", "1,2\n".repeat(40), { transform }).trimEnd().split("\n");
    expect(new Set(lines)).toEqual(new Set([JSON.stringify({ a: "1", b: "2", c: "long text ".repeat(1_000), d: 7 })]));
  });
});
