import { expect, test } from "vitest";
import { hexByte } from "../../../../src/formats/pg-copy/binary/hex.ts";

const isByte = /^[0-9a-fA-F]{2}$/;

test("hexByte() reads two digits, and no other characters", () => {
  const pair = new DataView(new ArrayBuffer(2));
  for (let word = 0; word < 1 << 16; word++) {
    pair.setUint16(0, word);
    const text = String.fromCharCode(word >> 8, word & 255);
    const expected = isByte.test(text) ? Number.parseInt(text, 16) : -1;
    if (hexByte(pair, 0) !== expected) expect.fail(`${JSON.stringify(text)} is ${hexByte(pair, 0)}`);
  }
});
