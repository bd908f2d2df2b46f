import { describe, expect, test } from "vitest";
import { parseLimit, parseParams, parseSlot, refuseLater } from "../../../src/cli/options.ts";

describe("parseParams()", () => {
  test("takes any number of name=value, with = and line ends in values", () => {
    expect(parseParams(["a=1", "b.c=x=y", "d="])).toEqual({ a: "1", "b.c": "x=y", d: "" });
    expect(parseParams(["a=1\n2"])).toEqual({ a: "1\n2" });
  });

  test.each([
    [["a"], '--param takes name=value, got "a"'],
    [["=secret"], '--param takes name=value, got ""'],
    [["1a=2"], '--param takes name=value, got "1a"'],
    [["a=1", "a=2"], "--param a is given twice"],
  ])("refuses %j without showing values", (given, message) => {
    expect(() => parseParams(given)).toThrow(expect.objectContaining({ code: "USAGE", message }));
  });
});

describe("parseSlot()", () => {
  test.each([
    "2026-11-22",
    "2026-11-22T02:00",
    "2026-11-22T02:00:30",
    "2026-11-22T02:00Z",
    "2026-11-22T02:00:00.5+01:00",
  ])("takes %s as it is", (slot) => {
    expect(parseSlot(slot)).toBe(slot);
  });

  test.each(["", "today", "2026-13-01", "2026-11-22 02:00", "22.11.2026"])("refuses %j", (slot) => {
    expect(() => parseSlot(slot)).toThrow(
      `--slot takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got ${JSON.stringify(slot)}`,
    );
  });
});

describe("parseLimit()", () => {
  test.each([
    ["1", 1],
    ["1_000_000", 1_000_000],
  ])("reads %s", (text, records) => {
    expect(parseLimit(text)).toBe(records);
  });

  test.each(["", "0", "-1", "1.5", "many", "1e3", "99999999999999999"])("refuses %j", (text) => {
    expect(() => parseLimit(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

test("refuseLater() names the first option without an engine, as the user wrote it", () => {
  expect(() => refuseLater({ json: true }, { dryRun: "later" })).not.toThrow();
  expect(() => refuseLater({ dryRun: true }, { dryRun: "later" })).toThrow(
    expect.objectContaining({ code: "NOT_BUILT", message: "--dry-run: not built in this release (later)" }),
  );
});
