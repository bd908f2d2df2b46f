import { afterEach, describe, expect, test, vi } from "vitest";
import { csvDialect } from "../../../src/formats/csv/dialect.ts";
import { FieldIndex } from "../../../src/formats/csv/field-index.ts";
import { IndexScanner } from "../../../src/formats/csv/index-scanner.ts";
import type { CsvOptions } from "../../../src/formats/csv/options.ts";
import type { RecordScanner } from "../../../src/formats/csv/record-scanner.ts";
import { makeScanMachine, scanMachine } from "../../../src/formats/csv/scan-machine.ts";
import { scanMarks } from "../../../src/formats/csv/scan-marks.ts";
import { scannerOf } from "../../../src/formats/csv/scanners.ts";
import { SimdScanner } from "../../../src/formats/csv/simd-scanner.ts";
import { sharedBytes } from "../../support/csv-decoding.ts";
import { testMachine } from "../../support/machine.ts";

const MAX_RECORD_BYTES = 1 << 20;
const machine = testMachine();

interface Subject {
  readonly index: FieldIndex;
  readonly scanner: RecordScanner;
}

function subject(options: CsvOptions, isPlain: boolean): Subject {
  const index = new FieldIndex();
  return { index, scanner: scannerOf(csvDialect(options), MAX_RECORD_BYTES, index, isPlain ? null : machine) };
}

const both = (options: CsvOptions = {}): [Subject, Subject] => [subject(options, false), subject(options, true)];

function indexed({ index, scanner }: Subject, bytes: Buffer): unknown {
  scanner.restart();
  index.clear();
  const end = scanner.scan({ bytes, begin: 0, end: bytes.length, closed: false });
  const starts = Array.from({ length: index.recordCount }, (_, i) => index.start(i));
  return {
    end,
    lines: scanner.lines,
    kind: scanner.halt.kind,
    starts,
    fields: index.fields.slice(0, 2 * index.fieldCount),
  };
}

describe("SimdScanner.scan()", () => {
  test.each<[string, string | Buffer, CsvOptions?]>([
    ["a delimiter beyond ASCII", Buffer.from("a§b§\n§§é\n", "latin1"), { encoding: "latin1", delimiter: "§" }],
    ["more fields than there is room for", ",,,,,,,\n".repeat(40_000)],
    ["more records than there is room for", "\n".repeat(400_000), { blankLines: "record" }],
    ["blank lines alone", "\n".repeat(400_000)],
    ["a record of more fields than there is room for", `a\n${",".repeat(300_000)}\nb\n`],
    ["records longer than a window", `a,"${"long\n".repeat(60_000)}"\nb,c\n`.repeat(3)],
    ["a record that does not end", `a,b\n"${"long\n".repeat(60_000)}`],
    ["comments between records", '1,2\n#,"\n3,4\n'.repeat(10_000), { comment: "#" }],
    ["one mark only", "some text\n".repeat(20_000), { quote: null, delimiter: "\t" }],
  ])("takes %s as the plain scanner does", (_, text, options = {}) => {
    const bytes = sharedBytes(text);
    const [simd, plain] = both(options);
    expect(indexed(simd, bytes)).toEqual(indexed(plain, bytes));
  });

  test("halts where the plain scanner does, however many faults there are", () => {
    const bytes = sharedBytes(`${'1,2\n3,"4"x\n'.repeat(300)}${"5,6\n".repeat(300)}7,"8"x\n9,0\n`.repeat(20));
    const [simd, plain] = both().map(({ index, scanner }) => {
      const halts: number[] = [];
      for (let begin = 0; begin < bytes.length; ) {
        const reached = scanner.scan({ bytes, begin, end: bytes.length, closed: true });
        halts.push(reached, index.recordCount, scanner.lines);
        begin = reached === bytes.length ? reached : bytes.indexOf("\n", reached) + 1;
      }
      return halts;
    });
    expect(simd?.length).toBe(3 * (20 * 301 + 1));
    expect(simd).toEqual(plain);
  });

  test("reads its own bytes when another scanner of the thread has used the machine meanwhile", () => {
    const first = subject({}, false);
    const second = subject({ delimiter: ";" }, false);
    const text = `a,b\n${"c,d\n".repeat(20)}x"\n${"e,f\n".repeat(20)}`;
    const bytes = sharedBytes(text);
    const range = { begin: 0, end: bytes.length, closed: true };
    const halt = first.scanner.scan({ bytes, ...range });
    expect(indexed(second, sharedBytes("1;2;3\n".repeat(50)))).toMatchObject({ end: 300, lines: 50 });
    expect(first.scanner.scan({ bytes, ...range, begin: halt + 3 })).toBe(bytes.length);
    expect(first.index.recordCount).toBe(41);
    expect(first.index.start(40)).toBe(text.length - 4);
  });

  test("keeps nothing of a chunk for the next one in the same memory", () => {
    const [simd, plain] = both();
    const bytes = sharedBytes(`a,b\n${"c,d\n".repeat(20)}x"\n`);
    expect(indexed(simd, bytes)).toMatchObject({ kind: "stray" });
    bytes.write("1,2\n\n,,");
    expect(indexed(simd, bytes)).toEqual(indexed(plain, bytes));
  });
});

describe("scannerOf()", () => {
  test.each<[string, CsvOptions]>([
    ["the defaults", {}],
    ["no quotes", { quote: null, quotes: "literal" }],
    ["a comment", { comment: "#" }],
  ])("scans with WebAssembly: %s", (_, options) => {
    expect(subject(options, false).scanner).toBeInstanceOf(SimdScanner);
  });

  test.each<[string, CsvOptions]>([
    ["an escape of its own", { escape: "\\" }],
    ["trimmed fields", { trim: "right" }],
    ["quotes that may be text", { quotes: "literal" }],
    ["a carriage return as a mark", { delimiter: "\r" }],
    ["marks of several bytes", { delimiter: "||" }],
  ])("scans without WebAssembly: %s", (_, options) => {
    expect(scanMarks(csvDialect(options), MAX_RECORD_BYTES)).toBeNull();
    expect(subject(options, false).scanner).not.toBeInstanceOf(SimdScanner);
  });

  test("scans without WebAssembly where there is no machine", () => {
    expect(subject({}, true).scanner).toBeInstanceOf(IndexScanner);
  });
});

describe("scanMachine()", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("is one for a thread", () => expect(scanMachine()).toBe(scanMachine()));

  test("is none in a process without WebAssembly, or with one that lacks SIMD", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(makeScanMachine()).toBeNull();
    const lacking = class {
      constructor() {
        throw new TypeError("invalid opcode");
      }
    };
    vi.stubGlobal("WebAssembly", { Module: lacking });
    expect(makeScanMachine()).toBeNull();
  });
});
