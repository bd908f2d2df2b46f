import { describe, expect, it } from "vitest";
import { clip, displayWidth, printable } from "../../../src/observability/display-width.ts";

describe("displayWidth()", () => {
  it.each([
    ["orders.csv", 10],
    ["größe", 5],
    ["gro\u0308ße", 5],
    ["東京", 4],
    ["ｱﾆﾒ", 3],
    ["한국", 4],
    ["📦 box", 6],
    ["", 0],
  ])("of %j is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe("clip()", () => {
  it.each([
    ["orders.csv", 10, "orders.csv"],
    ["orders.csv", 9, "orders..."],
    ["東京都", 6, "東京都"],
    ["東京都", 5, "東..."],
    ["東京都", 4, "..."],
    ["abc", 2, ".."],
    ["abc", 0, ""],
  ])("cuts %j to %i columns", (text, columns, cut) => {
    expect(clip(text, columns, "...")).toBe(cut);
  });
});

describe("printable()", () => {
  it("takes out what moves a cursor", () => {
    expect(printable("a\u001B[2Jb\n\u2028c")).toBe("a?[2Jb??c");
  });
});
