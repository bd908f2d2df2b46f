import { describe, expect, test } from "vitest";
import { recommend, type WayOptions } from "../../../src/bench/insert/recommendation.ts";
import type { WayName } from "../../../src/bench/insert/ways.ts";
import { measured } from "../../../src/bench/statistics.ts";

type Rates = Partial<Record<WayName, number>>;

function recommended(rates: Rates, options: Partial<WayOptions> = {}) {
  const ways = Object.entries(rates).map(([way, rate]) => ({ way: way as WayName, rowsPerSecond: measured([rate]) }));
  const sorted = ways.toSorted((a, b) => b.rowsPerSecond.median - a.rowsPerSecond.median);
  return recommend(sorted, { mode: "append", copy: "auto", ...options });
}

const all: Rates = { "COPY binary": 400, "COPY text": 300, unnest: 100, VALUES: 90, "single INSERT": 5 };

describe("recommend()", () => {
  test.each<[string, Rates, Partial<WayOptions>, WayName, object]>([
    ["the fastest that is taken already", all, {}, "COPY binary", {}],
    ["binary where text is demanded", all, { copy: "text" }, "COPY binary", { copy: "binary" }],
    [
      "text where it is faster than what the job takes",
      { ...all, "COPY text": 500 },
      {},
      "COPY text",
      { copy: "text" },
    ],
    ["text without a word where nothing is binary", { "COPY text": 500, unnest: 9 }, {}, "COPY text", {}],
    ["to append instead of to insert", all, { mode: "insert" }, "COPY binary", { mode: "append" }],
    [
      "to append by text",
      { ...all, "COPY text": 900 },
      { mode: "insert" },
      "COPY text",
      { mode: "append", copy: "text" },
    ],
    ["to insert where COPY is refused", { unnest: 100, VALUES: 300 }, {}, "unnest", { mode: "insert" }],
    ["what the job takes where it is level with the fastest", { ...all, "COPY text": 430 }, {}, "COPY binary", {}],
  ])("says %s", (_what, rates, options, way, set) => {
    expect(recommended(rates, options)).toMatchObject({ way, set });
  });

  test("names what is level, and never what no job can take", () => {
    expect(recommended({ ...all, "COPY text": 395, VALUES: 399 })).toEqual({
      way: "COPY binary",
      level: ["COPY text"],
      set: {},
      isCurrent: true,
    });
    expect(recommended({ VALUES: 100, "single INSERT": 9 })).toBeNull();
  });

  test.each(["upsert", "insertIgnore", "replace"] as const)("leaves mode %s as it is", (mode) => {
    expect(recommended({ ...all, unnest: 900 }, { mode })).toMatchObject({ way: "COPY binary", set: {} });
    expect(recommended({ unnest: 900 }, { mode })).toBeNull();
  });
});
