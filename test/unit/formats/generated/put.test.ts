import { describe, expect, test } from "vitest";
import { compile } from "../../../../src/formats/generated/compile.ts";
import { copyField, putInteger, putShort } from "../../../../src/formats/generated/put.ts";
import { stampCode } from "../../../../src/formats/generated/stamp-code.ts";

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

describe("copyField()", () => {
  test.each([0, 1, 3, 4, 5, 8, 11])("copies %i bytes, also at the end of the memory", (length) => {
    const from = new Uint8Array(20).map((_, index) => index + 1);
    for (const begin of [0, 3, 20 - length]) {
      const to = new Uint8Array(32);
      expect(copyField(viewOf(to), 2, viewOf(from), begin, begin + length)).toBe(2 + length);
      expect(to.slice(2, 2 + length)).toEqual(from.slice(begin, begin + length));
    }
  });
});

describe("putInteger()", () => {
  test.each([0, 7, -7, 10, 99, 100, 2_147_483_647, -2_147_483_648])("writes %i", (value) => {
    const to = Buffer.alloc(16);
    expect(to.toString("latin1", 1, putInteger(to, 1, value))).toBe(String(value));
  });
});

describe("putShort()", () => {
  const special = new Uint8Array(256);
  special[34] = 1;

  test("writes plain ASCII", () => {
    const to = Buffer.alloc(80);
    expect(to.toString("latin1", 0, putShort(to, 0, "plain text", special))).toBe("plain text");
  });

  test.each(['a"b', "ü", "x".repeat(65)])("refuses %j", (text) => {
    expect(putShort(Buffer.alloc(80), 0, text, special)).toBe(-1);
  });
});

describe("stampCode()", () => {
  test.each([",", ',"id":', ',"naïve":"', "\\N"])("writes %j as numbers, never as text", (text) => {
    const to = Buffer.alloc(32);
    const code = `return (view, p) => { ${stampCode(text)} return p; };`;
    const stamp = compile<(view: DataView, p: number) => number>("stamp", {}, code);
    expect(to.toString("utf8", 0, stamp?.run(viewOf(to), 0))).toBe(text);
    expect(stampCode(text)).toMatch(/^(view\.setInt32\(p \+ \d+, -?\d+, true\); )*p \+= \d+;$/);
  });
});
