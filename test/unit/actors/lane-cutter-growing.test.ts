import { describe, expect, test } from "vitest";
import { toTask } from "../../../src/actors/task-message.ts";
import { LaneCutter } from "../../../src/actors/lane-cutter.ts";
import type { Chunk } from "../../../src/core/chunk.ts";
import { cutterOptions, FROM_START, LentBlocks, SPLIT, textOf } from "../../support/blocks.ts";

const GROWING = { ...SPLIT, growing: true };

type Cut = Pick<Chunk, "from" | "to" | "final" | "growing"> & { readonly text: string; readonly taskFinal: boolean };

/** Cuts texts as consecutive blocks of a file that grows, the last one final. */
function cut(texts: readonly string[], maxRecordBytes = 1000): readonly Cut[] {
  const lent = new LentBlocks();
  const cutter = new LaneCutter(cutterOptions({ maxRecordBytes }));
  const chunks = texts.flatMap((text, index) => {
    const final = index === texts.length - 1;
    const block = lent.bytes(text, { split: GROWING, opens: index === 0 ? FROM_START : null, final });
    const made = [...cutter.bytes(block)];
    block.memory.release();
    return made;
  });
  const cuts = chunks.map((chunk) => ({ ...chunk, text: textOf(chunk), taskFinal: toTask(chunk, LENT, WISH).final }));
  for (const chunk of chunks) chunk.memory.release();
  expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  return cuts;
}

const LENT = { out: [], index: new SharedArrayBuffer(4) };
const WISH = { fields: undefined, columns: {}, poison: [], only: null, careful: false };

const ends = (cuts: readonly Cut[]) =>
  cuts.map(({ text, from, final, growing }) => [text, from, final, growing === true]);

describe("LaneCutter.bytes() of a split that grows", () => {
  test("marks the last chunk, so that no thread takes its last record for malformed", () => {
    const chunks = cut(["1,x\n2,", 'y\n3,"z\n']);
    expect(ends(chunks)).toEqual([
      ["1,x\n", "0", false, false],
      ['2,y\n3,"z\n', "4", true, true],
    ]);
    expect(chunks.map(({ taskFinal }) => taskFinal)).toEqual([false, false]);
  });

  test.each([
    ["in the last block", ["1,x\n", "y".repeat(40)]],
    ["over several blocks", ["1,x\n", "y".repeat(40), "y".repeat(40), "y".repeat(40)]],
    ["right behind a block", ["1,x\n", "y".repeat(40), ""]],
  ])("leaves an oversized line where it is while its end is missing, %s", (_where, texts) => {
    expect(ends(cut(texts, 10)).at(-1)).toEqual(["", "4", true, true]);
  });

  test("skips an oversized line once it has its end", () => {
    const chunks = cut(["1,x\n", "y".repeat(40), `${"y".repeat(9)}\n`], 10);
    expect(chunks.map(({ to }) => to)).toEqual([null, "54", null]);
    expect(chunks.at(-1)).toMatchObject({ from: "54", final: true });
  });
});
