import { describe, expect, test } from "vitest";
import { beginningsOf } from "../../../src/actors/head-starts.ts";
import { LaneCutter } from "../../../src/actors/lane-cutter.ts";
import type { Position } from "../../../src/core/position.ts";
import type { Progress } from "../../../src/core/ports/sink.ts";
import { cutterOptions, FROM_START, LentBlocks } from "../../support/blocks.ts";
import { freshProgress } from "../../support/deliveries.ts";

const rowAt = (split: string, ordinal: bigint): Progress => ({
  ...freshProgress(split),
  position: { ordinal, token: `${ordinal}0` },
});

describe("beginningsOf()", () => {
  test("reads from the sink that is furthest behind, split by split, and tells who is ahead", () => {
    const { positions, headStarts } = beginningsOf(
      new Map([
        ["warehouse", [rowAt("a.csv", 7n), rowAt("b.csv", 0n), rowAt("c.csv", 4n)]],
        ["archive", [rowAt("a.csv", 2n), rowAt("b.csv", 3n), rowAt("c.csv", 4n)]],
      ]),
    );
    expect([...positions].map(([split, { ordinal }]) => [split, ordinal])).toEqual([
      ["a.csv", 2n],
      ["b.csv", 0n],
      ["c.csv", 4n],
    ]);
    expect([...headStarts.keys()]).toEqual(["a.csv", "b.csv"]);
    expect(headStarts.get("a.csv")).toEqual(new Map([["warehouse", { ordinal: 7n, token: "70" }]]));
  });

  test("knows of no head start with one sink", () => {
    expect(beginningsOf(new Map([["sink", [rowAt("a.csv", 7n)]]])).headStarts.size).toBe(0);
  });
});

describe("LaneCutter where a sink is ahead", () => {
  const ahead = (position: Position) => new Map([["a.csv", new Map([["archive", position]])]]);
  const sinks = ["sink", "archive"];

  test("leaves it out of the chunks that end before its place", () => {
    const options = { sinks, maxRecords: 1, headStarts: ahead({ ordinal: 3n, token: "12" }) };
    const cutter = new LaneCutter(cutterOptions(options));
    const block = new LentBlocks().bytes("1,1\n2,2\n3,3\n4,4\n5,5\n", { opens: FROM_START, final: true });
    expect([...cutter.bytes(block)].map(({ needs }) => needs.length)).toEqual([1, 1, 1, 2, 2]);
  });

  test("counts the records that a source has framed", () => {
    const cutter = new LaneCutter(cutterOptions({ sinks, headStarts: ahead({ ordinal: 4n, token: "whatever" }) }));
    const blocks = new LentBlocks();
    const needs = [["a", "b"], ["c", "d"], ["e"]].map(
      (records, index) =>
        cutter.frames(blocks.frames(records, index, { opens: index === 0 ? FROM_START : null })).needs,
    );
    expect(needs.map(({ length }) => length)).toEqual([1, 1, 2]);
  });
});
