import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvFormat } from "../../src/formats/csv/index.ts";
import { Batched } from "../../src/runtime/batched.ts";
import { batchesOf } from "../../src/runtime/batches-of.ts";
import { filter, map, readCsv, readJsonl, type RejectedInput, writeCsv, writeJsonl } from "../../src/streams/index.ts";
import { PassThrough } from "node:stream";

const MAX_RECORD_BYTES = 40;

/** CSV with everything that may be wrong with it. */
const cell = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[a-z0-9é]{0,6}$/) },
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z,\n]{0,6}$/).map((text) => `"${text}"`) },
  { weight: 1, arbitrary: fc.constantFrom('"a""b"', 'a"b', '"a"b', '"', "x".repeat(60), "\r", "") },
);
const line = fc.array(cell, { minLength: 1, maxLength: 4 }).map((cells) => cells.join(","));
const csv = fc
  .tuple(fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 20 }), line)
  .map(([lines, last]) => Buffer.from(`a,b\n${lines.flat().join("")}${last}`));

/** Pieces of these sizes, over and over. */
function* pieces(content: Buffer, sizes: readonly number[]): Generator<Uint8Array> {
  for (let begin = 0, turn = 0; begin < content.length; turn++) {
    const end = begin + (sizes[turn % sizes.length] ?? 1);
    yield content.subarray(begin, end);
    begin = end;
  }
}

async function read(input: Iterable<Uint8Array>) {
  const rejects: RejectedInput[] = [];
  const options = { maxRecordBytes: MAX_RECORD_BYTES, onReject: (reject: RejectedInput) => void rejects.push(reject) };
  return { records: await readCsv(input, options).toArray(), rejects };
}

/** What the decoder makes of everything at once. */
function decoded(content: Buffer) {
  const spec = { format: "csv", options: {}, columns: {}, maxRecordBytes: MAX_RECORD_BYTES };
  const bytes = content.subarray(4);
  const batch = csvFormat.decoder(spec).decode({ bytes, final: true, truncated: false, fields: ["a", "b"] });
  const records: unknown[] = [];
  const rejects: unknown[] = [];
  for (let number = 0; number < batch.count; number++) {
    const read = batch.read(number);
    const place = { ordinal: number, offset: 4 + batch.start(number), line: 2 + batch.line(number) };
    if ("record" in read) records.push({ ...(read.record as object) });
    else rejects.push({ code: read.fault.code, ...place });
  }
  return { records, rejects };
}

describe("readCsv()", () => {
  test("gives the same records and rejects however the bytes come in pieces", async () => {
    const property = fc.asyncProperty(
      csv,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      async (content, sizes) => {
        const expected = decoded(content);
        const { records, rejects } = await read(pieces(content, sizes));
        expect(records).toEqual(expected.records);
        expect(rejects).toMatchObject(expected.rejects);
        for (const { offset, raw, rawEncoding } of rejects) {
          const begin = Buffer.from(raw, rawEncoding).subarray(0, MAX_RECORD_BYTES);
          expect(content.subarray(offset, offset + begin.length)).toEqual(begin);
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});

const field = fc.oneof(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constantFrom("", '"', "a\nb", "a,b", "\r\n"));
const record = fc.record({ id: fc.integer().map(String), text: field });

/** The same items as an array, an iterable, an async iterable, or in batches of some size. */
function shapesOf<T>(items: readonly T[]): readonly (Iterable<T> | AsyncIterable<T>)[] {
  const batches = async function* () {
    for (let at = 0; at < items.length; at += 3) yield items.slice(at, at + 3);
  };
  const singles = async function* () {
    yield* items;
  };
  return [items, new Set(items), singles(), new Batched(batches)];
}

describe("filter(), map() and the writers", () => {
  test("do what arrays do, and what was written reads alike", async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(record, { selector: ({ id }) => id, maxLength: 150 }),
      async (records) => {
        const isKept = ({ text }: { text: string }, index: number) => text.length % 2 === 0 || index % 5 === 0;
        const change = ({ id, text }: { id: string; text: string }, index: number) => ({
          text,
          id,
          index: String(index),
        });
        const expected = records.filter(isKept).map(change);
        for (const shape of shapesOf(records)) {
          const [forCsv, forJson] = [new PassThrough(), new PassThrough()];
          const kept = await filter(shape, isKept).toArray();
          await Promise.all([
            writeCsv(map(kept, change), forCsv, { columns: ["text", "id", "index"] }),
            writeJsonl(map(kept, change), forJson),
            expect(readCsv(forCsv).toArray()).resolves.toEqual(expected),
            expect(readJsonl(forJson).toArray()).resolves.toEqual(expected),
          ]);
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });
});

describe("Batched", () => {
  test("gives the same items by one, by batch and all at once", async () => {
    const property = fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), async (items, size) => {
      for (const shape of shapesOf(items.map((item) => ({ item })))) {
        const all = await Array.fromAsync(batchesOf(shape));
        expect(all.every((batch) => batch.length > 0)).toBe(true);
        expect(all.flat()).toEqual(items.map((item) => ({ item })));
      }
      const batched = new Batched(() => batchesOf(new Set(items)));
      const unique = [...new Set(items)];
      expect(await Array.fromAsync(batched)).toEqual(unique);
      expect(await batched.toArray()).toEqual(unique);
      const groups = await Array.fromAsync(batched.batches(size));
      expect(groups.flat()).toEqual(unique);
      expect(groups.slice(0, -1).every((group) => group.length === size)).toBe(true);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
