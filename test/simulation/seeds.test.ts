/**
 * Seeds that found something once, each named after it.
 *
 * A seed finds the same again only as long as plan.ts and the world draw the same; where they change, put the fault back
 * and look for a seed that finds it.
 */
import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

test.each([
  [3, "a process that was fenced wrote down that the run had failed, although its successor was at work"],
  [9, "an oversized line held its block, the reader waited for that memory, and nothing went on"],
  [11, "a stop whose drain took too long was told as a failed run"],
  [40, "when one lane failed the others read on into memory that belonged to the next flow"],
  [72, "a zombie changed the end of a run that had succeeded, so the next start went on with it"],
  [791, "an empty framed record alone in its chunk was no record, and all behind it had the wrong ordinal"],
  [1_000_020, "a sink that began anew forgot what had been rejected for all, beside one that went on"],
  [1_000_039, "a sink that was ahead was given a chunk without a record"],
  [1_000_214, "what one of several sinks had refused and not committed stayed in the rejects file"],
  [1_000_079, "a source that answered after its reader had ended was given memory that nobody gave back"],
  [1_013_921, "a claim that a killed process had sent came seconds later and ended its successor's run"],
  [2_001_788, "a malformed record that a chunk had cut behind an unclosed quote was rejected without its last bytes"],
  [3_000_096, "a unit without rows kept the words of the one before it again, of a part that was published by then"],
  [3_000_163, "settled a second time, a rejects file lost the lines of what had been refused again"],
  [3_000_175, "settled a second time, what had been refused again had two attempts more"],
  [3_000_755, "a split that a replay had settled was claimed in sinks that never had it"],
  [3_000_771, "of a record that two sinks refused again the rejects file kept the reject of one"],
  [3_000_211, "a zombie took rejects again that its successor had settled, and its own settling dropped them"],
  [3_003_078, "the route of a record that one sink alone lacked must not name the others"],
  [4_000_032, "a process that was stopped while its splits were another one's already was told to have failed"],
  [4_000_369, "what a share held was given back, when it was taken back, while a sink still sent it"],
  [
    5_000_993,
    "a store that did not answer was believed to have kept a border, and requests were cut otherwise after a crash",
  ],
  [5_001_078, "a unit that was sent again took back the border that stood for what had gone out before"],
  [5_001_265, "a unit was closed midway because a record kept its thread busy for longer than the writer had patience"],
  [5_004_570, "a unit that broke while it was filled was closed midway when it was sent again"],
  [5_005_451, "a run that was stopped sent the beginning of what an earlier process had sent as one request"],
  [
    7696,
    "a zombie between forgetting and claiming took over its successor's positions and published nothing as the result",
  ],
])("seed %i: %s", async (seed) => {
  expect((await simulate(seed)).violations).toEqual([]);
});
