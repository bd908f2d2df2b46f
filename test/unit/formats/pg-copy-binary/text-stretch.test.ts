import { describe, expect, test } from "vitest";
import { TextStretch } from "../../../../src/formats/pg-copy/binary/text-stretch.ts";

/** How many rows are covered by each stretch, with so many others before each. */
function lengths(stretch: TextStretch, gaps: readonly number[]): readonly number[] {
  return gaps.map((gap) => {
    for (let row = 0; row < gap; row++) expect(stretch.covers()).toBe(false);
    stretch.begin();
    let covered = 0;
    for (; stretch.covers(); covered++);
    return covered;
  });
}

describe("TextStretch", () => {
  test("is twice as long each time", () => {
    expect(lengths(new TextStretch(4), [1, 0, 5, 30])).toEqual([4, 8, 16, 32]);
  });

  test("is short again after a long time without", () => {
    expect(lengths(new TextStretch(4), [1, 0, 200, 1])).toEqual([4, 8, 4, 8]);
  });

  test("ends at a million rows", () => {
    expect(
      lengths(
        new TextStretch(),
        Array.from({ length: 14 }, () => 0),
      ).at(-1),
    ).toBe(1_000_000);
  });
});
