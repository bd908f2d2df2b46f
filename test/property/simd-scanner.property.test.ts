/** The scanner in WebAssembly against the plain one, which the model of csv.property.test.ts holds to the rules. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { csvDialect } from "../../src/formats/csv/dialect.ts";
import { FieldIndex } from "../../src/formats/csv/field-index.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";
import type { RecordScanner } from "../../src/formats/csv/record-scanner.ts";
import { scanMarks } from "../../src/formats/csv/scan-marks.ts";
import { scannerOf } from "../../src/formats/csv/scanners.ts";
import { SimdScanner } from "../../src/formats/csv/simd-scanner.ts";
import { csvSplitter } from "../../src/formats/csv/splitter.ts";
import { sharedBytes } from "../support/csv-decoding.ts";
import { testMachine } from "../support/machine.ts";

const LF = 10;
const runs = Number(process.env["CSV_RUNS"] ?? 10_000);
const seed = Number(process.env["CSV_SEED"] ?? 20_260_117);
const settings = (share: number) => ({ numRuns: Math.ceil(runs * share), seed });
const TIMEOUT = 600_000;

/** Whole blocks: one, a few, and more than any of these files. */
const machines = [64, 192, 128 * 1024].map((windowBytes) => testMachine(windowBytes));

interface Sample {
  readonly options: CsvOptions;
  readonly file: Buffer;
  readonly maxRecordBytes: number;
  readonly closed: boolean;
}

const dialects: fc.Arbitrary<CsvOptions> = fc
  .record({
    encoding: fc.constantFrom("utf-8", "utf-8", "latin1"),
    delimiter: fc.constantFrom(",", ",", ";", "\t", " ", '"', "ÿ"),
    quote: fc.constantFrom('"', '"', '"', "'", "«", null),
    comment: fc.constantFrom(undefined, undefined, "#"),
    blankLines: fc.constantFrom("skip", "skip", "record"),
  })
  .filter(({ delimiter, quote }) => delimiter !== quote)
  .map(({ comment, ...rest }) => ({ ...rest, ...(comment === undefined ? {} : { comment }) }))
  .filter((options) => scanMarks(csvDialect(options), 1) !== null);

const encodingOf = ({ encoding }: CsvOptions) => (encoding === "latin1" ? "latin1" : "utf8");

/** Text with the marks of a dialect in it, one in three of them where it should not be. */
function fragments({ delimiter = ",", quote }: CsvOptions): readonly string[] {
  const mark = quote ?? '"';
  const well = [`${mark}${mark}`, `${delimiter}${mark}a`, `b${mark}${delimiter}`, `${mark}\n${mark}`, `${mark}\r\n`];
  const stray = [mark, `x${mark}`, `${mark}x`, "\r", "#", "\n#"];
  const plain = ["a", "bc", "0123456789", "text of a field ".repeat(5), "é", "\\", '"', "'", "\0", "\t", " "];
  const ends = [delimiter, delimiter, delimiter.repeat(9), "\n", "\n", "\n\n", "\r\n", "\n\r\n"];
  return [...well, ...stray, ...plain, ...ends];
}

const soups = (options: CsvOptions): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...fragments(options)), { maxLength: 120, size: "max" }).map((found) => found.join(""));

/** Well-formed records. */
const tables = (options: CsvOptions): fc.Arbitrary<string> => {
  const { delimiter = ",", quote } = options;
  const texts = fc.constantFrom("", "a", "some text", "x".repeat(61), "\\ ", "é");
  const quoted = fc
    .array(fc.constantFrom("a", "b c", "\n", "\r\n", delimiter, `${quote}${quote}`, "é\\", "z".repeat(62)), {
      maxLength: 4,
    })
    .map((parts) => `${quote}${parts.join("")}${quote}`);
  const cells = typeof quote === "string" ? fc.oneof({ weight: 3, arbitrary: texts }, quoted) : texts;
  const lines = fc.tuple(
    fc.array(cells, { minLength: 1, maxLength: 9 }),
    fc.constantFrom("\n", "\n", "\n", "\r\n", "\n\n"),
  );
  return fc
    .array(lines, { maxLength: 25, size: "max" })
    .map((rows) => rows.map(([row, end]) => row.join(delimiter) + end).join(""));
};

const samples: fc.Arbitrary<Sample> = dialects.chain((options) =>
  fc.record({
    options: fc.constant(options),
    file: fc
      .oneof(soups(options), tables(options), fc.tuple(tables(options), soups(options), tables(options)))
      .map((text) => sharedBytes(Buffer.from([text].flat().join(""), encodingOf(options)))),
    maxRecordBytes: fc.constantFrom(10, 60, 1000, 1000),
    closed: fc.boolean(),
  }),
);

/** All that a scanner says of a file; behind each record that it does not take it goes on at the next line. */
function everything(scanner: RecordScanner, index: FieldIndex, { file, closed }: Sample): unknown {
  const halts: unknown[] = [];
  scanner.restart();
  index.clear();
  for (let begin = 0; begin < file.length; ) {
    const reached = scanner.scan({ bytes: file, begin, end: file.length, closed });
    halts.push([reached, scanner.lines, scanner.halt.kind === "none" ? null : { ...scanner.halt }]);
    const lineFeed = file.indexOf(LF, reached);
    if (lineFeed === -1) break;
    begin = lineFeed + 1;
  }
  const records = Array.from({ length: index.recordCount }, (_, i) =>
    [index.start(i), index.stop(i), index.firstField(i), index.width(i), index.line(i)].join(),
  );
  return { halts, records, fields: [...index.fields.subarray(0, 2 * index.fieldCount)] };
}

test(
  "SimdScanner gives the index, the line counts and the halts of the plain scanner",
  () => {
    fc.assert(
      fc.property(samples, (sample) => {
        const dialect = csvDialect(sample.options);
        const marks = scanMarks(dialect, sample.maxRecordBytes);
        if (marks === null) throw new TypeError("only dialects that the machine knows");
        const index = new FieldIndex();
        const expected = everything(scannerOf(dialect, sample.maxRecordBytes, index, null), index, sample);
        for (const machine of machines) {
          expect(everything(new SimdScanner({ dialect, marks, index, machine }), index, sample)).toEqual(expected);
        }
      }),
      settings(0.3),
    );
  },
  TIMEOUT,
);

test(
  "Splitter.lastBorder() is the same with and without WebAssembly",
  () => {
    fc.assert(
      fc.property(samples, fc.nat(100), ({ options, file }, cut) => {
        const dialect = csvDialect(options);
        const end = Math.max(0, file.length - cut);
        const expected = csvSplitter(dialect, null).lastBorder(file, 0, end);
        for (const machine of machines)
          expect(csvSplitter(dialect, machine).lastBorder(file, 0, end)).toEqual(expected);
      }),
      settings(0.3),
    );
  },
  TIMEOUT,
);
