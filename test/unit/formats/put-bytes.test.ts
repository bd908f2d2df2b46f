import { describe, expect, test } from "vitest";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { putByte, putNumber, putUntil } from "../../../src/formats/put-bytes.ts";
import { putStamp, stampOf } from "../../../src/formats/stamp.ts";

const written = (to: GrowingBytes) => to.bytes.toString("utf8", 0, to.length);
const noMemory = () => new GrowingBytes(new SharedArrayBuffer(0));

describe("putNumber()", () => {
  const whole = [0, -0, 1, -1, 9, 10, 99, 100, 101, -1_000, 2 ** 31 - 1, -(2 ** 31)];
  const others = [2 ** 31, -(2 ** 31) - 1, 2 ** 53, 0.1, -2.5, 1e21, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY];

  test.each([...whole, ...others])("writes %d as JavaScript does", (value) => {
    const to = noMemory();
    putByte(to, 60);
    putNumber(to, value);
    expect(written(to)).toBe(`<${value}`);
  });
});

describe("putUntil()", () => {
  const special = new Uint8Array(256);
  special[33] = 1;

  test.each([0, 1, 2, 3, 4, 5, 7, 8, 11])("stops at a special byte behind %d others", (count) => {
    const to = noMemory();
    const from = Buffer.from(`<${"x".repeat(count)}!tail>`);
    expect(putUntil(to, from, 1, from.length, special)).toBe(1 + count);
    expect(written(to)).toBe("x".repeat(count));
  });

  test.each([0, 1, 3, 4, 5, 8])("copies all of %d bytes and looks at none behind them", (count) => {
    const to = noMemory();
    const from = Buffer.from(`!${"y".repeat(count)}!`);
    expect(putUntil(to, from, 1, 1 + count, special)).toBe(1 + count);
    expect(written(to)).toBe("y".repeat(count));
  });
});

describe("putStamp()", () => {
  test.each(["", "a", "ab", "abc", "abcd", "abcde", '"größe":', "𝄞𝄞!"])(
    "writes %j and what follows behind it",
    (text) => {
      const to = noMemory();
      const stamp = stampOf(text);
      putStamp(to, stamp);
      putStamp(to, stamp);
      putByte(to, 33);
      expect(written(to)).toBe(`${text}${text}!`);
    },
  );
});
