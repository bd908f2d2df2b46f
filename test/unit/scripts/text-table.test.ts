import { describe, expect, it } from "vitest";
import { textTable } from "../../../scripts/text-table.ts";

describe("textTable()", () => {
  it("aligns figures to the right and words to the left", () => {
    expect(
      textTable(
        ["country", "orders"],
        [
          ["DE", "41,202"],
          ["Sverige", "7"],
        ],
        "  ",
      ),
    ).toBe(["  country | orders", "  DE      | 41,202", "  Sverige |      7"].join("\n"));
  });

  it("shows the headings of no rows and fills cells that are missing", () => {
    expect(textTable(["a", "b"], [])).toBe("a | b");
    expect(textTable(["a", "b"], [["x"]])).toBe("a | b\nx |");
  });
});
