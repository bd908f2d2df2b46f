import { describe, expect, test } from "vitest";
import { parseTableName, quoteIdentifier, quoteTable } from "../../../src/postgres/identifiers.ts";

test("quoteIdentifier() keeps case, blanks and quotes", () => {
  expect(quoteIdentifier('My "table"')).toBe('"My ""table"""');
  expect(quoteTable({ table: "t" })).toBe('"t"');
  expect(quoteTable({ schema: "S", table: "t" })).toBe('"S"."t"');
});

describe("parseTableName()", () => {
  test.each([
    ["orders", { table: "orders" }],
    ["Sales.Orders", { schema: "Sales", table: "Orders" }],
    ['"a.b"', { table: "a.b" }],
    ['sales."Q1 ""x"".orders"', { schema: "sales", table: 'Q1 "x".orders' }],
    ["a b", { table: "a b" }],
  ])("reads %j", (text, name) => {
    expect(parseTableName(text)).toEqual(name);
  });

  test.each(["", "a.b.c", ".a", "a.", '"a', 'a"b'])("refuses %j", (text) => {
    expect(() => parseTableName(text)).toThrow(/is no table name; expected table or schema.table/);
  });
});
