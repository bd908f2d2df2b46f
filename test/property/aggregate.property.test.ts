import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareDecimals, divideDecimal, formatDecimal, parseDecimal } from "../../src/aggregate/decimal.ts";
import { grow, roundedSum } from "../../src/aggregate/float-sum.ts";
import { GroupTable } from "../../src/aggregate/group-table.ts";

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), fc.nat(6), fc.boolean())
  .map(([units, scale, short]) => formatDecimal({ units: short ? units % 100_000n : units, scale }));
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0.1, 0.2, -0.3, 1e16, -1e16, 2 ** 53, 1, 1e-300, -0),
);

/** A double as units of 2 ** -1074: every double is a whole number of them. */
function unitsOf(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = (word >> 52n) & 0x7ffn;
  const fraction = word & ((1n << 52n) - 1n);
  const units = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return word >> 63n === 1n ? -units : units;
}

/** The double nearest to so many units: the one among neighbours whose distance is the least, the even one of two. */
function nearestDouble(units: bigint): number {
  let low = 0n;
  let high = 0x7fefffffffffffffn;
  const size = units < 0n ? -units : units;
  const toDouble = (word: bigint): number => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigUint64(0, word);
    return bits.getFloat64(0);
  };
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (unitsOf(toDouble(middle)) <= size) low = middle;
    else high = middle - 1n;
  }
  const below = size - unitsOf(toDouble(low));
  const above = unitsOf(toDouble(low + 1n)) - size;
  const nearest = below < above || (below === above && low % 2n === 0n) ? low : low + 1n;
  return units < 0n ? -toDouble(nearest) : toDouble(nearest);
}

describe("sums of doubles", () => {
  test("are the exact sum rounded once, in any order", () => {
    const property = fc.property(fc.array(double, { maxLength: 30 }), fc.nat(), (values, turn) => {
      const expected = nearestDouble(values.reduce((sum, value) => sum + unitsOf(value), 0n));
      for (const order of [values, values.toReversed(), [...values.slice(turn % 7), ...values.slice(0, turn % 7)]]) {
        const expansion: number[] = [];
        for (const value of order) grow(expansion, value);
        expect(roundedSum(expansion) + 0).toBe(expected + 0);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("are infinite beyond the largest double", () => {
    const table = new GroupTable({ groupBy: [], measures: { sum: { sum: "x" } } });
    for (const x of [1e308, 1e308, -1e308]) table.add({ x });
    expect(table.records()).toEqual([{ sum: Number.POSITIVE_INFINITY }]);
    table.add({ x: Number.NaN });
    expect(table.records()).toEqual([{ sum: Number.NaN }]);
  });
});

/** The same in plain code: exact fractions by bigints. */
function exactSum(texts: readonly string[]): string | null {
  if (texts.length === 0) return null;
  const read = texts.map((text) => parseDecimal(text) ?? { units: 0n, scale: 0 });
  const scale = Math.max(...read.map((value) => value.scale));
  const units = read.reduce((sum, value) => sum + value.units * 10n ** BigInt(scale - value.scale), 0n);
  return formatDecimal({ units, scale });
}

describe("GroupTable", () => {
  const row = fc.record(
    {
      country: fc.constantFrom("DE", "FR", "", null, undefined, "\0d0"),
      day: fc.constantFrom(new Date(0), new Date(1), 7, "7", null),
      amount: fc.option(decimal, { nil: null }),
      count: fc.option(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -9, max: 9 })), { nil: undefined }),
      big: fc.bigInt(),
    },
    { requiredKeys: [] },
  );
  const spec = {
    groupBy: ["country", "day"],
    measures: {
      records: "count",
      amount: { sum: "amount" },
      least: { min: "amount" },
      most: { max: "amount" },
      count: { sum: "count" },
      mean: { avg: "count" },
      big: { sum: "big" },
      days: { countDistinct: "count" },
    },
    columns: { amount: "decimal" },
  } as const;

  test("gives what grouping arrays and exact arithmetic give, however its parts are merged", () => {
    const property = fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (rows, size) => {
      const whole = new GroupTable(spec);
      const merged = new GroupTable(spec);
      for (const one of rows) whole.add(one);
      for (let begin = 0; begin < rows.length; begin += size) {
        const part = new GroupTable(spec);
        for (const one of rows.slice(begin, begin + size)) part.add(one);
        merged.merge(structuredClone(part.takePartial()));
        expect(part.size).toBe(0);
      }
      expect(merged.records()).toEqual(whole.records());
      const groups = Map.groupBy(rows, ({ country, day }) =>
        JSON.stringify([country ?? null, day instanceof Date, day instanceof Date ? day.getTime() : (day ?? null)]),
      );
      expect(whole.size).toBe(groups.size);
      for (const group of whole.records()) {
        const { country, day } = group as { country: unknown; day: unknown };
        const members =
          groups.get(JSON.stringify([country, day instanceof Date, day instanceof Date ? day.getTime() : day])) ?? [];
        const amounts = members.flatMap(({ amount }) => amount ?? []);
        const counts = members.flatMap(({ count }) => count ?? []);
        const bigs = members.flatMap(({ big }) => big ?? []);
        const sum = counts.reduce((total, count) => total + BigInt(count), 0n);
        const sorted = amounts.toSorted((a, b) => compareDecimals(parseDecimal(a)!, parseDecimal(b)!));
        const equal = (a: unknown, b: string | undefined) =>
          b === undefined ? a === null : compareDecimals(parseDecimal(a as string)!, parseDecimal(b)!) === 0;
        expect(group).toMatchObject({
          records: members.length,
          amount: exactSum(amounts),
          count: counts.length === 0 ? null : Number(sum),
          mean: counts.length === 0 ? null : Number(sum) / counts.length,
          big: bigs.length === 0 ? null : bigs.reduce((total, big) => total + big, 0n),
          days: new Set(counts).size,
        });
        expect([equal(group["least"], sorted[0]), equal(group["most"], sorted.at(-1))]).toEqual([true, true]);
      }
    });
    fc.assert(property, { numRuns: 150 });
  });

  test("sorts groups by number and by text, nothing last", () => {
    const table = new GroupTable({ groupBy: ["key"], measures: {} });
    for (const key of [null, "b", 10, "a", 9, true, Number.NaN, { x: 1 }, 8n, undefined]) table.add({ key });
    expect(table.records().map(({ key }) => key)).toEqual([true, 8n, 9, 10, Number.NaN, "a", "b", { x: 1 }, null]);
  });

  test("has one group without a record when it groups by nothing", () => {
    const table = new GroupTable({
      groupBy: [],
      measures: { n: "count", sum: { sum: "x" }, mean: { avg: "x" }, most: { max: "x" } },
    });
    expect(table.records()).toEqual([{ n: 0, sum: null, mean: null, most: null }]);
  });

  test.each([
    [{ sum: "x" }, "abc", /^"x": sum takes numbers, bigints and decimals as text, found "abc"$/],
    [{ avg: "x" }, new Date(), /avg takes .*, found a Date$/],
    [{ max: "x" }, "10", /"10" can be compared as a number or as text; declare it in columns: "decimal" or "string"$/],
    [{ min: "d" }, "x", /^"d": expected a decimal, found "x"$/],
  ])("refuses what a measure cannot take and keeps the group as it was: %o of %o", (measure, value, message) => {
    const table = new GroupTable({ groupBy: [], measures: { n: "count", measure }, columns: { d: "decimal" } });
    expect(() => table.add({ x: value, d: value })).toThrow(message);
    expect(() => table.add([])).toThrow("the record is an array; aggregates need an object with fields");
    expect(table.records()).toMatchObject([{ n: 0 }]);
  });

  test("compares texts as texts where they are declared so", () => {
    const table = new GroupTable({ groupBy: [], measures: { most: { max: "x" } }, columns: { x: { type: "string" } } });
    for (const x of ["9", "10", "2024-01-01"]) table.add({ x });
    expect(table.records()).toEqual([{ most: "9" }]);
  });
});

describe("divideDecimal()", () => {
  // What Postgres 18 says: select a::numeric / b
  test.each([
    ["1", 3n, "0.33333333333333333333"],
    ["10", 4n, "2.5000000000000000"],
    ["-2", 3n, "-0.66666666666666666667"],
    ["0", 7n, "0.00000000000000000000"],
    ["100000.50", 3n, "33333.500000000000"],
    ["0.0001", 3n, "0.000033333333333333333333"],
    ["12345678901234567890.123456", 7n, "1763668414462081127.160494"],
  ])("%s / %s is %s", (dividend, divisor, quotient) => {
    expect(formatDecimal(divideDecimal(parseDecimal(dividend)!, divisor))).toBe(quotient);
  });
});
