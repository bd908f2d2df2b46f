import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Utf16Transcoder } from "../../../src/formats/utf16.ts";

/** UTF-8 as V8 writes it; half a pair as the three bytes that UTF-8 forbids. */
function oracle(text: string): Buffer {
  const parts = Array.from(text, (character) => {
    const point = character.codePointAt(0) as number;
    if (point < 0xd800 || point > 0xdfff) return Buffer.from(character);
    return Buffer.from([0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]);
  });
  return Buffer.concat(parts);
}

function bytesOf(text: string, order: "utf-16le" | "utf-16be"): Buffer {
  const bytes = Buffer.from(text, "utf16le");
  return order === "utf-16le" ? bytes : bytes.swap16();
}

/** Transcodes piece by piece into rooms of some sizes. */
function transcode(input: Buffer, order: "utf-16le" | "utf-16be", pieces: readonly number[], rooms: readonly number[]) {
  const transcoder = new Utf16Transcoder(order);
  const out: Buffer[] = [];
  let turn = 0;
  const room = (): Buffer => Buffer.alloc(rooms[turn++ % rooms.length] as number);
  for (let at = 0; at < input.length; ) {
    const into = room();
    const { read, written } = transcoder.write(input.subarray(at, at + (pieces[turn % pieces.length] as number)), into);
    expect(read + written).toBeGreaterThan(0);
    out.push(into.subarray(0, written));
    at += read;
  }
  for (let into = room(), written = transcoder.end(into); written > 0; into = room(), written = transcoder.end(into)) {
    out.push(into.subarray(0, written));
  }
  return Buffer.concat(out);
}

const sizes = fc.array(fc.constantFrom(1, 1, 2, 3, 5, 8, 64), { minLength: 1, maxLength: 5 });
const orders = fc.constantFrom("utf-16le", "utf-16be");
const texts = fc.array(
  fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\ud83d", "\ude00", "\ud83d\ude00", "\uFEFF", "abc")),
);

describe("Utf16Transcoder", () => {
  test("gives the UTF-8 of the text, however it is cut and whatever the room", () => {
    fc.assert(
      fc.property(texts, orders, sizes, sizes, (parts, order, pieces, rooms) => {
        const text = parts.join("");
        expect(transcode(bytesOf(text, order), order, pieces, rooms)).toEqual(oracle(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test("makes half a code unit at the end a byte that no UTF-8 has", () => {
    const input = Buffer.concat([bytesOf("ü\ud83d", "utf-16le"), Buffer.from([65])]);
    expect([...transcode(input, "utf-16le", [3], [1])]).toEqual([0xc3, 0xbc, 0xed, 0xa0, 0xbd, 0xff]);
  });
});
