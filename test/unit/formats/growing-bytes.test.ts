import { describe, expect, test } from "vitest";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { putAscii, putByte, putCopy, putUtf8 } from "../../../src/formats/put-bytes.ts";

const written = (to: GrowingBytes) => to.bytes.toString("utf8", 0, to.length);

describe("GrowingBytes", () => {
  test("writes into the lent memory as long as it fits", () => {
    const lent = new SharedArrayBuffer(8);
    const to = new GrowingBytes(lent);
    putAscii(to, "12345678");
    expect(to.outgrown).toBe(false);
    expect(to.memory).toBe(lent);
    expect(Buffer.from(lent).toString()).toBe("12345678");
  });

  test("moves into larger memory with what was written", () => {
    const lent = new SharedArrayBuffer(4);
    const to = new GrowingBytes(lent);
    putAscii(to, "1234");
    putAscii(to, "5");
    expect(to.outgrown).toBe(true);
    expect(to.memory).not.toBe(lent);
    expect(to.memory).toBeInstanceOf(SharedArrayBuffer);
    expect(written(to)).toBe("12345");
    expect(to.view.getUint8(4)).toBe(53);
    expect(Buffer.from(lent).toString()).toBe("1234");
  });

  test("at least doubles, so that many small writes cost few moves", () => {
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    const sizes = new Set<number>();
    for (let i = 0; i < 100_000; i++) {
      putByte(to, 65);
      sizes.add(to.bytes.length);
    }
    expect([...sizes]).toEqual([4_096, 8_192, 16_384, 32_768, 65_536, 131_072]);
  });

  test("grows at once to what a large write needs", () => {
    const to = new GrowingBytes(new SharedArrayBuffer(16));
    to.reserve(1_000_000);
    expect(to.bytes.length).toBe(1_000_000);
  });

  test("goes back to an earlier length", () => {
    const to = new GrowingBytes(new SharedArrayBuffer(16));
    putAscii(to, "keep");
    const mark = to.length;
    putAscii(to, "drop");
    to.length = mark;
    putAscii(to, "!");
    expect(written(to)).toBe("keep!");
  });
});

describe.each([1, 31, 32, 33, 100])("text of %d characters", (length) => {
  test("putAscii() writes it", () => {
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    putAscii(to, "x".repeat(length));
    expect(written(to)).toBe("x".repeat(length));
  });

  test.each(["a", "é", "€", "𝄞"])("putUtf8() writes it out of %s", (character) => {
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    putUtf8(to, character.repeat(length));
    expect(written(to)).toBe(character.repeat(length));
  });

  test("putCopy() copies it", () => {
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    putCopy(to, Buffer.from(`<${"y".repeat(length)}>`), 1, length + 1);
    expect(written(to)).toBe("y".repeat(length));
  });
});
