import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DecodeSpec, Format } from "../../src/core/ports/format.ts";
import { csvFormat } from "../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";
import { jsonLinesFormat } from "../../src/formats/jsonl/index.ts";
import { textFormat } from "../../src/formats/text/index.ts";
import { readInBlocks } from "../support/chunk-driver.ts";
import { decodeInChunks, type PlacedRecord } from "../support/csv-chunking.ts";

/** Files; CHUNKING_SEED repeats a run. */
const numRuns = Number(process.env["CHUNKING_RUNS"] ?? 3000);
const seed = Number(process.env["CHUNKING_SEED"] ?? 20_260_118);
const TIMEOUT = 300_000;

const pieces = [
  ...[
    "a",
    "bc",
    "12",
    " ",
    "\r",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\n\n",
    "ü",
    ",",
    ",",
    ",",
    '"',
    '"',
    '""',
    ',"',
    '",',
    '"\n',
  ],
  ...['\n"', ',"', '"x\ny"', "#", "\n#", "\0", "long text of one field ".repeat(2), " ".repeat(9), "{}\r\n"],
].map((text) => Buffer.from(text));

/** Good rows, faults among them, and now and then nothing but faults. */
const files = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .constantFrom("1,x\n", '2,"y"\n', '3,"a\nb"\n', '"4, ""q""",z\r\n', "5,\n")
          .map((row) => Buffer.from(row)),
      },
      { weight: 2, arbitrary: fc.constantFrom(...pieces, Buffer.from([0xff])) },
    ),
    { maxLength: 60, size: "max" },
  )
  .map((parts) => Buffer.concat(parts));

const readings = fc.record({
  file: files,
  maxRecordBytes: fc.constantFrom(1, 5, 12, 30, 80, 1000),
  maxRecords: fc.constantFrom(null, null, 1, 2, 7),
  sizes: fc.array(fc.constantFrom(1, 2, 3, 5, 8, 13, 40, 200), { minLength: 1, maxLength: 6 }),
  headroom: fc.constantFrom(0, 1, 4, 64),
  ahead: fc.nat(3),
  knowsItsEnd: fc.boolean(),
  comment: fc.constantFrom(undefined, "#"),
});

/** The same file in other dialects, encodings and formats. */
const kinds = fc.constantFrom<Kind[]>(
  { format: csvFormat, options: {} },
  { format: csvFormat, options: {} },
  { format: csvFormat, options: { delimiter: "||", quote: "''" }, write: { ",": "||", '"': "''" } },
  { format: csvFormat, options: { delimiter: "§", comment: "##", escape: "\\" }, write: { ",": "§", "#": "##" } },
  { format: csvFormat, options: { encoding: "windows-1252" } },
  { format: textFormat, options: {} },
);

interface Kind {
  readonly format: Format;
  readonly options: CsvOptions;
  /** What stands for which mark. */
  readonly write?: { readonly [mark: string]: string };
}

function written(file: Buffer, { write = {} }: Kind): Buffer {
  const bytes = (text: string): string => Buffer.from(text).toString("latin1");
  const text = Object.entries(write).reduce(
    (all, [mark, other]) => all.replaceAll(mark, bytes(other)),
    file.toString("latin1"),
  );
  return Buffer.from(text, "latin1");
}

const bare = ({ start, line, outcome, message }: Omit<PlacedRecord, "stop">) => ({ start, line, outcome, message });
const lineFeeds = (bytes: Uint8Array) => bytes.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);

describe("Reading in blocks with rewinds", () => {
  test(
    "gives the records, rejects, places and lines of CSV decoded in one piece, and all memory back",
    () => {
      let rewinds = 0;
      fc.assert(
        fc.property(readings, kinds, ({ comment, maxRecordBytes, ...drawn }, kind) => {
          const reading = { ...drawn, file: written(drawn.file, kind) };
          const { format } = kind;
          const isCsv = format === csvFormat;
          const csv = { header: ["a", "b"], ...(comment === undefined ? {} : { comment }), ...kind.options };
          const spec: DecodeSpec = { format: format.name, options: isCsv ? csv : {}, columns: {}, maxRecordBytes };
          const whole = decodeInChunks(reading.file, format, spec, [reading.file.length]);
          const read = readInBlocks({ ...reading, format, spec });
          expect(read.records.map(bare)).toEqual(whole.records.map(bare));
          expect(read.position).toMatchObject({
            ordinal: BigInt(whole.records.length),
            token: String(reading.file.length),
          });
          expect([read.lent, read.reserved]).toEqual([0, 0]);
          // each rewind follows from a chunk that was decided only in part, or not at all and then grows
          expect(read.rewinds).toBeLessThanOrEqual(2 * whole.records.length + lineFeeds(reading.file) + 2);
          rewinds += read.rewinds;
        }),
        { numRuns, seed },
      );
      expect(rewinds).toBeGreaterThan(numRuns / 10);
    },
    TIMEOUT,
  );

  test(
    "never rewinds JSON lines, whatever stands in them",
    () => {
      fc.assert(
        fc.property(readings, ({ comment: _comment, maxRecordBytes, ...reading }) => {
          const spec: DecodeSpec = { format: "jsonl", options: {}, columns: {}, maxRecordBytes };
          const { file } = reading;
          const whole = readInBlocks({
            ...reading,
            format: jsonLinesFormat,
            spec,
            sizes: [file.length + 1],
            maxRecords: null,
          });
          const read = readInBlocks({ ...reading, format: jsonLinesFormat, spec });
          expect(read.records.map(bare)).toEqual(whole.records.map(bare));
          expect(read.rewinds).toBe(0);
          expect(read.position).toMatchObject({ ordinal: BigInt(whole.records.length), token: String(file.length) });
          expect([read.lent, read.reserved]).toEqual([0, 0]);
        }),
        { numRuns: numRuns / 4, seed },
      );
    },
    TIMEOUT,
  );

  test("decides a malformed record in front of an endless line at once and in bounded memory", () => {
    const file = Buffer.from(`1,x\n"a\nb"${"z".repeat(200_000)}\n2,y\n`);
    const spec: DecodeSpec = { format: "csv", options: { header: ["a", "b"] }, columns: {}, maxRecordBytes: 100 };
    const reading = {
      file,
      format: csvFormat,
      spec,
      maxRecords: null,
      sizes: [64],
      headroom: 64,
      ahead: 2,
      knowsItsEnd: true,
    };
    const { records, rewinds, largest, position } = readInBlocks(reading);
    expect(records.map(({ outcome }) => outcome)).toEqual([["1", "x"], "CSV_STRAY_QUOTE", ["2", "y"]]);
    expect(rewinds).toBeLessThanOrEqual(2);
    expect(largest).toBeLessThanOrEqual(300);
    expect(position).toEqual({ ordinal: 3n, token: String(file.length), line: 5 });
  });
});
