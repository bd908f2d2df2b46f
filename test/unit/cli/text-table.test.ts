import { describe, expect, it } from "vitest";
import { textTable } from "../../../src/cli/text-table.ts";
import { displayWidth } from "../../../src/observability/display-width.ts";

describe("textTable()", () => {
  it("makes columns as wide as their widest cell and aligns figures to the right", () => {
    const rows = [
      ["DE", "41,202", "264.10"],
      ["東京", "7", "-1.00"],
    ];
    expect(textTable(["country", "orders", "sum"], rows, { indent: "  " })).toBe(
      ["  country | orders |    sum", "  DE      | 41,202 | 264.10", "  東京    |      7 |  -1.00"].join("\n"),
    );
  });

  it("cuts the widest column first", () => {
    const rows = [["1", "a very long text that goes on and on"]];
    expect(textTable(["id", "note"], rows, { width: 20 })).toBe("id | note\n 1 | a very long ...");
  });

  it.each([20, 30, 40, 60, 80, 100])("fits %i columns, however many there are", (width) => {
    const names = Array.from({ length: 12 }, (_, column) => `column number ${column}`);
    const table = textTable(names, [names, names], { width, indent: "  " });
    for (const line of table.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(table).toContain("...");
  });
});
