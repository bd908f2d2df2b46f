import * as fc from "fast-check";
import { expect, test } from "vitest";
import { float4, float8 } from "../../../../src/formats/pg-copy/binary/float.ts";

const view = new DataView(new ArrayBuffer(512));

/** What a type makes of a text; undefined where it leaves it to the server. */
function read(type: typeof float8, text: string): number | undefined {
  Buffer.from(view.buffer).write(text, 64, "latin1");
  const behind = type.read(view, 0, view, 64, 64 + text.length);
  if (behind < 0) return undefined;
  return behind === 8 ? view.getFloat64(0) : view.getFloat32(0);
}

test("float8 reads what a double says, whatever its notation", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.nat(20), (value, places) => {
      expect(read(float8, `${value}`)).toBe(Object.is(value, -0) ? 0 : value);
      const fixed = Math.abs(value) < 1e15 ? value.toFixed(places) : "0";
      expect(read(float8, fixed)).toBe(Number(fixed));
    }),
    { numRuns: 2_000, seed: 20_261_123 },
  );
});

test("float4 rounds a decimal text once, or leaves it", () => {
  // half-way between two: 1 and the next one
  const half = "1.000000059604644775390625";
  expect(read(float4, half)).toBeUndefined();
  expect(read(float4, `${half}0001`)).toBeUndefined();
  expect(read(float4, "1.0000000596046448")).toBeUndefined();
  expect(read(float4, "1.00000006")).toBe(Math.fround(1.000_000_06));
  expect(read(float4, "3.5e38")).toBeUndefined();
  expect(read(float4, "1e-45")).toBeUndefined();
  expect(read(float4, "-0.000")).toBe(-0);
});
