import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingBytes } from "../../src/formats/growing-bytes.ts";
import { jsonLinesFormat } from "../../src/formats/jsonl/index.ts";
import { encodeSpec, noSource, readAll, sharedBytes } from "../unit/formats/json-lines.ts";

const MAX_RECORD_BYTES = 64;
const spec = { format: "jsonl", options: {}, columns: {}, maxRecordBytes: MAX_RECORD_BYTES };

/** Lines as people write them: good ones, broken ones, blanks, too long ones, not UTF-8. */
const line = fc.oneof(
  { weight: 6, arbitrary: fc.json({ maxDepth: 2, stringUnit: "binary" }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 1 }).map((text) => Buffer.from(text.slice(0, -1))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", " ", "\t \r", '"', "{", "\0", "﻿{}", "1 2").map((text) => Buffer.from(text)),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes.map((byte) => byte | 128))),
  },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 80 }).map((length) => Buffer.from(`"${"x".repeat(length)}"`)) },
);
const file = fc
  .tuple(fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n"))), fc.option(line, { nil: Buffer.alloc(0) }))
  .map(([lines, last]) => Buffer.concat([...lines.flatMap(([text, end]) => [text, Buffer.from(end)]), last]));

/** What each line is, by JSON.parse alone. */
function oracle(content: Buffer): unknown[] {
  const records: unknown[] = [];
  for (let begin = 0; begin < content.length; ) {
    const feed = content.indexOf(10, begin);
    const end = feed === -1 ? content.length : feed;
    const bytes = content.subarray(begin, feed !== -1 && content[end - 1] === 13 && end > begin ? end - 1 : end);
    begin = end + 1;
    if (/^[ \t\r]*$/.test(bytes.toString("latin1"))) continue;
    records.push(bytes.length > MAX_RECORD_BYTES ? "RECORD_TOO_LARGE" : parsed(bytes));
  }
  return records;
}

function parsed(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "ENCODING_INVALID";
  }
  try {
    return JSON.parse(text);
  } catch {
    return "JSON_INVALID";
  }
}

/** Decodes as a reader would: blocks of some sizes, each cut at the splitter's last border, the rest before the next. */
function decodeInBlocks(content: Buffer, sizes: readonly number[]) {
  const decoder = jsonLinesFormat.decoder(spec);
  const splitter = jsonLinesFormat.splitter(spec);
  const records: unknown[] = [];
  let [lines, from, read] = [0, 0, 0];
  for (let i = 0; read < content.length; i++) {
    read = Math.min(content.length, read + (sizes[i % sizes.length] ?? 1));
    const final = read === content.length;
    const bytes = sharedBytes(content.subarray(from, read));
    const border = splitter.lastBorder(bytes, 0, bytes.length);
    if (!final && border.end === 0) continue;
    const batch = decoder.decode({ bytes: final ? bytes : bytes.subarray(0, border.end), final, truncated: false });
    if (!final) expect([batch.count, batch.end, batch.lines]).toEqual([border.records, border.end, border.lines]);
    records.push(...readAll(batch));
    for (let record = 0; record < batch.count; record++) {
      expect(batch.line(record)).toBe(bytes.subarray(0, batch.start(record)).filter((byte) => byte === 10).length);
    }
    from += batch.end;
    lines += batch.lines;
  }
  return { records, lines };
}

describe("JSON lines", () => {
  test("decode the same for every chunking, and as JSON.parse reads each line", () => {
    fc.assert(
      fc.property(file, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (content, sizes) => {
        const { records, lines } = decodeInBlocks(content, sizes);
        expect(records).toEqual(oracle(content));
        expect(lines).toBe(content.filter((byte) => byte === 10).length);
      }),
      { numRuns: 2_000 },
    );
  });

  test("decode alike when their borders are given", () => {
    const frames = fc.array(fc.json({ maxDepth: 2 }).map((text) => Buffer.from(text.slice(0, MAX_RECORD_BYTES / 4))));
    fc.assert(
      fc.property(frames, (records) => {
        let end = 0;
        const ends = Int32Array.from(records, (record) => (end += record.length));
        const bytes = sharedBytes(Buffer.concat(records));
        const batch = jsonLinesFormat.decoder(spec).decode({ bytes, final: true, truncated: false, ends });
        expect(readAll(batch)).toEqual(records.map(parsed));
      }),
    );
  });

  const transforms: readonly ((record: Record<string, unknown>) => unknown)[] = [
    (record) => record,
    (record) => ({ ...record }),
    (record) => Object.fromEntries(Object.entries(record).reverse()),
    (record) => ({ more: [record], ...record }),
    (record) => {
      for (const key of Object.keys(record)) record[key] = [record[key], "changed"];
      return record;
    },
  ];
  const records = fc.array(
    fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 2, stringUnit: "binary" })),
  );

  test.each(transforms.map((transform, index) => [index, transform] as const))(
    "come out as what transform %i returned",
    (_, transform) => {
      const decoder = jsonLinesFormat.decoder({ ...spec, maxRecordBytes: 1_000_000 });
      const encoder = jsonLinesFormat.encoder(encodeSpec("jsonl", null));
      fc.assert(
        fc.property(records, (objects) => {
          const to = new GrowingBytes(new SharedArrayBuffer(0));
          const bytes = sharedBytes(objects.map((object) => ` ${JSON.stringify(object)}\n`).join(""));
          const batch = decoder.decode({ bytes, final: true, truncated: false });
          const outputs = objects.map((object, index) => {
            const read = batch.read(index);
            if ("fault" in read) throw new Error(read.fault.message);
            encoder.encode(transform(read.record as Record<string, unknown>), batch.current, to);
            return JSON.stringify(transform(JSON.parse(JSON.stringify(object)) as Record<string, unknown>));
          });
          const lines = to.bytes.toString("utf8", 0, to.length).split("\n");
          expect(lines.pop()).toBe("");
          expect(lines.map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
            outputs.map((text) => JSON.stringify(JSON.parse(text))),
          );
        }),
      );
    },
  );

  test("write every value as JSON.stringify does", () => {
    const encoder = jsonLinesFormat.encoder(encodeSpec("jsonl", null));
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const to = new GrowingBytes(new SharedArrayBuffer(0));
        encoder.encode(value, noSource, to);
        expect(to.bytes.toString("utf8", 0, to.length)).toBe(`${JSON.stringify(value)}\n`);
      }),
      { numRuns: 1_000 },
    );
  });
});
