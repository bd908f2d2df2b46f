import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../src/core/errors.ts";
import type { DecodeSpec } from "../../src/core/ports/format.ts";
import { jsonFormat } from "../../src/formats/json/index.ts";
import { type ReadFile, type Reading, readInBlocks } from "../support/chunk-driver.ts";

/** Files; CHUNKING_SEED repeats a run. */
const numRuns = Number(process.env["CHUNKING_RUNS"] ?? 1_500);
const seed = Number(process.env["CHUNKING_SEED"] ?? 20_260_118);
const TIMEOUT = 300_000;

const readings = fc.record({
  maxRecords: fc.constantFrom(null, null, 1, 2, 7),
  sizes: fc.array(fc.constantFrom(1, 2, 3, 5, 8, 13, 40, 200), { minLength: 1, maxLength: 6 }),
  headroom: fc.constantFrom(0, 1, 4, 64),
  ahead: fc.nat(3),
  knowsItsEnd: fc.boolean(),
});
type Blocks = Omit<Reading, "file" | "format" | "spec">;

const values = fc.array(fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }), { maxLength: 12, size: "max" });
const blanks = fc.constantFrom("", " ", "\n", "\r\n", "\t", "\n\n  ");

/** Ways to write an array: minified, one element a line, indented, Postgres's json_agg, blanks anywhere. */
const layouts: fc.Arbitrary<(elements: readonly unknown[]) => string> = fc.oneof(
  fc.constant((elements: readonly unknown[]) => JSON.stringify(elements)),
  fc.constant(
    (elements: readonly unknown[]) => `[\n${elements.map((element) => JSON.stringify(element)).join(",\n")}\n]\n`,
  ),
  fc.constantFrom(1, 2, "\t").map((indent) => (elements: readonly unknown[]) => JSON.stringify(elements, null, indent)),
  fc.constant(
    (elements: readonly unknown[]) => `[${elements.map((element) => JSON.stringify(element)).join(", \n ")}]`,
  ),
  fc.tuple(blanks, blanks).map(
    ([before, behind]) =>
      (elements: readonly unknown[]) =>
        `\uFEFF${before}[${elements.map((element) => before + JSON.stringify(element) + behind).join(",")}${behind}]${behind}`,
  ),
);

const pieces = ["{", "}", "[", "]", '"', ",", ":", "\\", "\n", " ", "x", "7", '",\n{"', "]\n", "\0"];
/** Arrays with pieces put in, taken out and cut off. */
const damaged = fc
  .tuple(values, layouts, fc.array(fc.tuple(fc.nat(10_000), fc.constantFrom(...pieces), fc.nat(4)), { maxLength: 3 }))
  .map(([elements, write, faults]) =>
    faults.reduce((text, [place, piece, cut]) => {
      const at = 1 + (place % text.length);
      return text.slice(0, at) + piece + text.slice(at + cut);
    }, write(elements)),
  );

const specOf = (maxRecordBytes: number): DecodeSpec => ({ format: "json", options: {}, columns: {}, maxRecordBytes });

/** What came of a file, or why the run had to stop. */
function outcomeOf(file: Buffer, blocks: Blocks, maxRecordBytes: number): ReadFile | string {
  try {
    return readInBlocks({ ...blocks, file, format: jsonFormat, spec: specOf(maxRecordBytes) });
  } catch (thrown) {
    if (!isMillraceError(thrown, "SOURCE_FAILED", "HEADER_INVALID")) throw thrown;
    return thrown.message;
  }
}

const whole = (file: Buffer): Blocks => ({
  maxRecords: null,
  sizes: [file.length + 1],
  headroom: 0,
  ahead: 0,
  knowsItsEnd: true,
});

const lineFeeds = (bytes: Uint8Array) => bytes.filter((byte) => byte === 10).length;

describe("A JSON array", () => {
  test(
    "gives its elements for every layout and chunking, without a rewind",
    () => {
      fc.assert(
        fc.property(values, layouts, readings, (elements, write, blocks) => {
          const file = Buffer.from(write(elements));
          const read = outcomeOf(file, blocks, 10_000) as ReadFile;
          const found = read.records.map(({ start, line, outcome }) => ({ start, line, outcome }));
          expect(found.map(({ outcome }) => outcome)).toEqual(JSON.parse(JSON.stringify(elements)));
          const first = jsonFormat.readHeader(file, true, specOf(10_000))?.dataOffset ?? 0;
          for (const { start, line } of found) expect(line).toBe(lineFeeds(file.subarray(first, start)));
          expect(read.rewinds).toBe(0);
          expect(read.position).toMatchObject({ ordinal: BigInt(elements.length), token: String(file.length) });
        }),
        { numRuns: numRuns / 2, seed },
      );
    },
    TIMEOUT,
  );

  test(
    "with faults gives the same records, rejects, places and stops for every chunking",
    () => {
      let [rejects, stops] = [0, 0];
      fc.assert(
        fc.property(damaged, readings, fc.constantFrom(20, 60, 1_000), (text, blocks, maxRecordBytes) => {
          const file = Buffer.from(text);
          const expected = outcomeOf(file, whole(file), maxRecordBytes);
          const read = outcomeOf(file, blocks, maxRecordBytes);
          if (typeof expected === "string" || typeof read === "string") {
            stops++;
            expect(read).toBe(expected);
            return;
          }
          rejects += read.records.filter(({ message }) => message !== "").length;
          expect(read.records).toEqual(expected.records);
          expect(read.position).toEqual(expected.position);
          expect([read.lent, read.reserved]).toEqual([0, 0]);
        }),
        { numRuns, seed },
      );
      expect(rejects).toBeGreaterThan(numRuns / 20);
      expect(stops).toBeGreaterThan(numRuns / 20);
    },
    TIMEOUT,
  );

  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), { minLength: 2, maxLength: 8 });

  test("whose elements begin lines loses only one to a missing quote", () => {
    fc.assert(
      fc.property(objects, fc.nat(100), fc.constantFrom(0, 1, 2), readings, (elements, number, indent, blocks) => {
        const broken = number % elements.length;
        const margin = " ".repeat(indent);
        const texts = elements.map((element, index) => {
          const text = JSON.stringify(index === broken ? { ...element, last: "~" } : element, null, indent);
          const at = index === broken ? text.lastIndexOf('"') : text.length;
          return (text.slice(0, at) + text.slice(at + 1)).replaceAll(/^/gm, margin);
        });
        const file = Buffer.from(`[\n${texts.join(",\n")}\n]\n`);
        const read = outcomeOf(file, blocks, 10_000) as ReadFile;
        expect(read.records.map(({ outcome }) => outcome)).toEqual(
          elements.map((element, index) => (index === broken ? "JSON_INVALID" : JSON.parse(JSON.stringify(element)))),
        );
      }),
      { numRuns: numRuns / 5, seed },
    );
  });
});
