import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DecodeSpec } from "../../src/core/ports/format.ts";
import { csvFormat } from "../../src/formats/csv/index.ts";
import { GrowingBytes } from "../../src/formats/growing-bytes.ts";
import { decodeInChunks, type PlacedRecord } from "../support/csv-chunking.ts";
import { type ModelDialect, type ModelRecord, modelRecords } from "../support/csv-model.ts";

/** Files in all, over the properties below; CSV_SEED repeats a run. */
const runs = Number(process.env["CSV_RUNS"] ?? 10_000);
const seed = Number(process.env["CSV_SEED"] ?? 20_260_117);
const TIMEOUT = 600_000;
const settings = (share: number) => ({ numRuns: Math.ceil(runs * share), seed });

const dialects: fc.Arbitrary<ModelDialect> = fc
  .record({
    delimiter: fc.constantFrom(",", ";", "\t", "|", ",", ";", "\t", "||", "§", "-;-"),
    quote: fc.constantFrom('"', '"', '"', "'", null, "''", "«"),
    escape: fc.constantFrom(undefined, undefined, undefined, "\\", "/\\"),
    comment: fc.constantFrom(undefined, undefined, "#", "##", "//"),
    trim: fc.constantFrom(undefined, undefined, "both", "left", "right"),
    quotes: fc.constantFrom("strict", "strict", "literal"),
    nulls: fc.constantFrom([""], ["NA"]),
    emptyAsNull: fc.boolean(),
    blankLines: fc.constantFrom("skip", "skip", "record"),
    ragged: fc.constantFrom("reject", "reject", "pad"),
  })
  .map(
    (drawn) =>
      Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as unknown as ModelDialect,
  );

const chunkSizes = fc.array(fc.constantFrom(1, 1, 2, 3, 5, 8, 13, 40, 200), { minLength: 1, maxLength: 6 });

function specOf(dialect: ModelDialect, width: number, maxRecordBytes: number): DecodeSpec {
  const header = Array.from({ length: width }, (_, i) => `f${i}`);
  return { format: "csv", options: { ...dialect, header }, columns: {}, maxRecordBytes };
}

/** Bytes in the memory that chunks lie in. */
function shared(bytes: Uint8Array): Buffer {
  const memory = Buffer.from(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}

/** Pieces of which anything can come: what is special in the dialect, and what text is made of. */
function pieces({ delimiter, quote, escape, comment }: ModelDialect): readonly Buffer[] {
  const mark = quote ?? '"';
  const texts = ["a", "bc", "12", "NA", " ", "\t", "\r", "\n", "\n", "\r\n", "\n\n", "ü", "€", "😀", "\uFFFD", "\0"];
  const [first, last] = [delimiter.slice(0, 1), delimiter.slice(-1)];
  const special = [
    first,
    last,
    mark.slice(0, 1),
    delimiter,
    delimiter,
    delimiter,
    mark,
    mark,
    `${mark}${mark}`,
    `${delimiter}${mark}`,
    `${mark}${delimiter}`,
  ];
  const lines = [
    `${mark}\n`,
    `\n${mark}`,
    `${mark}\r\n`,
    escape ?? "\\",
    `${escape ?? "\\"}${mark}`,
    `\n${comment ?? "#"}`,
  ];
  const long = ["long text of one field ".repeat(3)];
  return [
    ...[...texts, ...special, ...lines, ...long].map((text) => Buffer.from(text)),
    Buffer.from([0xff]),
    Buffer.from([0xc3]),
  ];
}

interface Table {
  readonly dialect: ModelDialect;
  readonly rows: readonly (readonly string[])[];
  readonly ends: readonly string[];
  readonly quoted: readonly boolean[];
  readonly sizes: readonly number[];
}

const cells = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "a",
    "NA",
    "x y",
    '"',
    "'",
    "a,b",
    "c;d",
    "line\nend",
    "line\r\nend",
    "ü€😀",
    "\\",
    "#",
    "tab\tbed",
  ),
  fc.string({ maxLength: 8, unit: "grapheme" }).filter((text) => !/\r(?!\n)/.test(text)),
);

const tables: fc.Arbitrary<Table> = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.record({
    dialect: dialects.filter(
      ({ quote, escape, trim }) => quote?.length === 1 && (escape ?? quote).length === 1 && trim === undefined,
    ),
    rows: fc.array(fc.array(cells, { minLength: width, maxLength: width }), { maxLength: 8, size: "max" }),
    ends: fc.array(fc.constantFrom("\n", "\r\n"), { minLength: 1, maxLength: 3 }),
    quoted: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
    sizes: chunkSizes,
  }),
);

/** Writes a well-formed file with quotes wherever they are needed and in random places where they are not. */
function writeTable({ dialect, rows, ends, quoted }: Table): Buffer {
  const { delimiter, quote, escape = quote } = dialect;
  let cell = 0;
  const write = (text: string): string => {
    const special = [...delimiter.split(""), quote, "\n", "\r", escape, "#", "/"].some((mark) =>
      text.includes(mark as string),
    );
    if (text !== "" && !special && quoted[cell++ % quoted.length] !== true) return text;
    const inside = text
      .split("")
      .map((one) => (one === quote || one === escape ? `${escape}${one}` : one))
      .join("");
    return `${quote}${inside}${quote}`;
  };
  return shared(Buffer.from(rows.map((row, i) => row.map(write).join(delimiter) + ends[i % ends.length]).join("")));
}

interface RandomFile {
  readonly dialect: ModelDialect;
  readonly file: Buffer;
  readonly width: number;
  readonly maxRecordBytes: number;
  readonly sizes: readonly number[];
}

const soup = fc
  .record({
    dialect: dialects,
    numbers: fc.array(fc.nat(10_000), { maxLength: 60, size: "max" }),
    width: fc.integer({ min: 1, max: 3 }),
    sizes: chunkSizes,
  })
  .map(({ numbers, ...rest }) => {
    const from = pieces(rest.dialect);
    return { ...rest, file: Buffer.concat(numbers.map((number) => from[number % from.length] as Buffer)) };
  });

const damagedTables = fc
  .record({ table: tables, faults: fc.array(fc.tuple(fc.nat(10_000), fc.nat(10_000)), { maxLength: 4 }) })
  .map(({ table, faults }) => {
    const from = pieces(table.dialect);
    const insert = (file: Buffer, [place, piece]: readonly [number, number]): Buffer => {
      const at = place % (file.length + 1);
      return Buffer.concat([file.subarray(0, at), from[piece % from.length] as Buffer, file.subarray(at)]);
    };
    const file = faults.reduce(insert, Buffer.from(writeTable(table)));
    return { dialect: table.dialect, width: table.rows[0]?.length ?? 1, sizes: table.sizes, file };
  });

const randomFiles: fc.Arbitrary<RandomFile> = fc
  .tuple(fc.oneof(soup, damagedTables), fc.constantFrom(1, 4, 10, 25, 60, 1000, 1000))
  .map(([random, maxRecordBytes]) => ({ ...random, file: shared(random.file), maxRecordBytes }));

const bare = ({ start, outcome }: PlacedRecord | ModelRecord) => ({ start, outcome });
const lineFeeds = (bytes: Uint8Array) => bytes.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);

describe("CSV decoding of files with faults", () => {
  test(
    "gives the records and rejects of the model, in one piece and for every chunking",
    () => {
      fc.assert(
        fc.property(randomFiles, ({ dialect, file, width, maxRecordBytes, sizes }) => {
          const spec = specOf(dialect, width, maxRecordBytes);
          const whole = decodeInChunks(file, csvFormat, spec, [file.length]);
          const chunked = decodeInChunks(file, csvFormat, spec, sizes);
          const model = modelRecords(file, whole.dataOffset, width, dialect, maxRecordBytes);
          expect(whole.records.map(bare)).toEqual(model.map(bare));
          expect(whole.records.map(({ stop }) => stop)).toEqual(model.map(({ stop }) => stop));
          expect(whole.lines).toBe(lineFeeds(file));
          expect(chunked.lines).toBe(whole.lines);
          const seen = chunked.records.map((record, i) =>
            record.stop === -1 ? { ...record, stop: model[i]?.stop } : record,
          );
          expect(seen).toEqual(whole.records);
        }),
        settings(0.7),
      );
    },
    TIMEOUT,
  );
});

describe("CSV decoding of well-formed files", () => {
  test(
    "agrees with csv-parse for every chunking, and the splitter guesses right",
    () => {
      fc.assert(
        fc.property(tables, (table) => {
          const file = writeTable(table);
          const { delimiter, quote, escape = quote, comment } = table.dialect;
          const expected = parse(file, {
            delimiter,
            quote,
            escape,
            ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
            record_delimiter: ["\r\n", "\n"],
            skip_empty_lines: table.dialect.blankLines !== "record",
          });
          const dialect = { ...table.dialect, nulls: [], emptyAsNull: false };
          const spec = specOf(dialect, table.rows[0]?.length ?? 1, 1000);
          const { records, misguesses } = decodeInChunks(file, csvFormat, spec, table.sizes);
          expect(records.map(({ outcome }) => outcome)).toEqual(expected);
          expect(misguesses).toBe(0);
        }),
        settings(0.15),
      );
    },
    TIMEOUT,
  );
});

describe("CSV encoding", () => {
  const values = fc.oneof(cells, fc.constantFrom(null, " lead", "trail ", "#no comment", "\uFEFFmark", "\r", "\0"));
  const outputs = fc.integer({ min: 1, max: 4 }).chain((width) =>
    fc.record({
      dialect: dialects.filter(({ quote }) => quote !== null),
      rows: fc.array(fc.array(values, { minLength: width, maxLength: width }), {
        minLength: 1,
        maxLength: 8,
        size: "max",
      }),
      sizes: chunkSizes,
    }),
  );
  const nothing = csvFormat.decoder(specOf({ delimiter: ",", quote: '"' }, 1, 10));

  test(
    "is read back exactly by a decoder of the same dialect, null and '' apart",
    () => {
      fc.assert(
        fc.property(outputs, ({ dialect, rows, sizes }) => {
          const names = (rows[0] ?? []).map((_, i) => `f${i}`);
          const options = { ...dialect, header: false };
          const encoder = csvFormat.encoder({
            sink: "out",
            format: "csv",
            options,
            columns: names.map((name) => ({ name })),
            needsColumns: true,
            onUnknownField: "error",
          });
          const to = new GrowingBytes(new SharedArrayBuffer(8));
          const { current } = nothing.decode({
            bytes: new Uint8Array(0),
            final: true,
            truncated: false,
            fields: ["-"],
          });
          const written = rows.filter((row) => {
            const start = to.length;
            try {
              encoder.encode(Object.fromEntries(row.map((value, i) => [names[i], value])), current, to);
              return true;
            } catch (thrown) {
              // quotes of several characters cannot hold every text
              expect(thrown).toMatchObject({ code: "VALUE_INVALID" });
              expect(dialect.quote?.length).toBeGreaterThan(1);
              to.length = start;
              return false;
            }
          });
          const file = shared(to.bytes.subarray(0, to.length));
          const spec = specOf({ ...dialect, emptyAsNull: true }, names.length, 1000);
          const { records } = decodeInChunks(file, csvFormat, spec, sizes);
          // where null is nothing, a row of nothing else would be a blank line
          const soleNullIsEmpty = (row: readonly unknown[]) =>
            row.length === 1 && dialect.nulls?.[0] === "" ? row.map((value) => value ?? "") : row;
          expect(records.map(({ outcome }) => outcome)).toEqual(written.map(soleNullIsEmpty));
        }),
        settings(0.15),
      );
    },
    TIMEOUT,
  );
});
