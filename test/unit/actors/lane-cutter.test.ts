import { describe, expect, test } from "vitest";
import { LaneCutter } from "../../../src/actors/lane-cutter.ts";
import type { Chunk } from "../../../src/core/chunk.ts";
import { cutterOptions, FROM_START, LentBlocks, textOf } from "../../support/blocks.ts";

const blocks = () => new LentBlocks();
const places = (chunks: readonly Chunk[]) =>
  chunks.map(({ from, to, firstLine, final }) => ({ from, to, firstLine, final }));
const release = (...chunks: readonly Chunk[]) => chunks.forEach((chunk) => chunk.memory.release());

/** Cuts texts as consecutive blocks, the last one final, and gives every block back as the chunker does. */
function cutAll(cutter: LaneCutter, lent: LentBlocks, texts: readonly string[], headroom = 16): Chunk[] {
  return texts.flatMap((text, index) => {
    const final = index === texts.length - 1;
    const block = lent.bytes(text, { opens: index === 0 ? FROM_START : null, final, headroom });
    const chunks = [...cutter.bytes(block)];
    block.memory.release();
    return chunks;
  });
}

describe("LaneCutter.bytes()", () => {
  test("ends each chunk at the last border of its block and puts the tail before the next one", () => {
    const lent = blocks();
    const chunks = cutAll(new LaneCutter(cutterOptions()), lent, ["1,x\n2,", "y\n3,", "z\n"]);
    expect(chunks.map(textOf)).toEqual(["1,x\n", "2,y\n", "3,z\n"]);
    expect(places(chunks)).toEqual([
      { from: "0", to: null, firstLine: 1, final: false },
      { from: "4", to: null, firstLine: 2, final: false },
      { from: "8", to: null, firstLine: 3, final: true },
    ]);
    expect(chunks.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(chunks[1]?.tokens.at(2, 0)).toBe("6");
    release(...chunks);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });

  test("takes a larger buffer when the tail does not fit before the block", () => {
    const lent = blocks();
    const text = `1,${"x".repeat(300)}\n2,y\n`;
    const chunks = cutAll(new LaneCutter(cutterOptions()), lent, [text.slice(0, 290), text.slice(290), ""], 8);
    expect(chunks.map(textOf)).toEqual([text, ""]);
    expect(chunks.map(({ from }) => from)).toEqual(["0", "307"]);
    release(...chunks);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });

  test("leaves an incomplete last record in the final chunk", () => {
    const lent = blocks();
    const chunks = cutAll(new LaneCutter(cutterOptions()), lent, ["1,x\n2,y"]);
    expect(chunks.map(textOf)).toEqual(["1,x\n2,y"]);
    expect(places(chunks)).toEqual([{ from: "0", to: null, firstLine: 1, final: true }]);
  });

  test("ends a split that holds nothing with an empty final chunk", () => {
    const chunks = cutAll(new LaneCutter(cutterOptions()), blocks(), [""]);
    expect(places(chunks)).toEqual([{ from: "0", to: null, firstLine: 1, final: true }]);
  });

  test("leaves line numbers out where the source has none", () => {
    const lent = blocks();
    const opens = { position: { ordinal: 5n, token: "40" }, moreThanBytes: 0 };
    const [chunk] = [...new LaneCutter(cutterOptions()).bytes(lent.bytes("1,x\n", { opens, final: true }))];
    expect(chunk).toMatchObject({ from: "40" });
    expect(chunk).not.toHaveProperty("firstLine");
  });

  test("numbers the chunks of all splits of a lane in one row and begins anew with a generation", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions({ lane: 3 }));
    const cut = (id: string, generation: number) => [
      ...cutter.bytes(lent.bytes("1,x\n", { split: { id, origin: "0" }, generation, opens: FROM_START, final: true })),
    ];
    const chunks = [...cut("a", 0), ...cut("b", 0), ...cut("a", 1)];
    expect(chunks.map(({ split, generation, seq, lane }) => [split, generation, seq, lane])).toEqual([
      ["a", 0, 0, 3],
      ["b", 0, 1, 3],
      ["a", 1, 0, 3],
    ]);
  });

  test("forgets the tail when a stretch begins anew", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions());
    expect([...cutter.bytes(lent.bytes("1,tail", { opens: FROM_START }))]).toEqual([]);
    const opens = { position: { ordinal: 1n, token: "9", line: 7 }, moreThanBytes: 0 };
    const chunks = [...cutter.bytes(lent.bytes("2,y\n", { generation: 1, opens }))];
    expect(chunks.map(textOf)).toEqual(["2,y\n"]);
    expect(places(chunks)).toEqual([{ from: "9", to: null, firstLine: 7, final: false }]);
  });
});

describe("LaneCutter with a number of records", () => {
  const byTwo = () => new LaneCutter(cutterOptions({ maxRecords: 2 }));

  test("cuts a block into chunks that share its memory", () => {
    const lent = blocks();
    const chunks = cutAll(byTwo(), lent, ["1,x\n2,x\n3,x\n4,x\n5,", "x\n"]);
    expect(chunks.map(textOf)).toEqual(["1,x\n2,x\n", "3,x\n4,x\n", "5,x\n"]);
    expect(chunks.map(({ firstLine }) => firstLine)).toEqual([1, 3, 5]);
    expect(chunks[0]?.memory).toBe(chunks[1]?.memory);
    expect(lent.lent).toBe(2);
    release(...chunks.slice(0, 1), ...chunks.slice(2));
    expect(lent.lent).toBe(1);
    release(chunks[1] as Chunk);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });

  test("gathers blocks until it has enough, and marks exactly the last chunk as final", () => {
    const chunks = cutAll(byTwo(), blocks(), ["1,x\n", "2,", "x\n3,x\n", "4,x\n"]);
    expect(chunks.map(textOf)).toEqual(["1,x\n2,x\n", "3,x\n4,x\n"]);
    expect(chunks.map(({ final }) => final)).toEqual([false, true]);
  });

  test("cuts earlier when 8 MiB are not enough for so many records", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions({ maxRecords: 1_000_000, maxRecordBytes: 1024 * 1024 }));
    const line = `1,${"x".repeat(1021)}\n`;
    const mebibyte = line.repeat(1024);
    const counts: number[] = [];
    for (let block = 0; block < 9; block++) {
      const bytes = lent.bytes(mebibyte, { opens: block === 0 ? FROM_START : null });
      const chunks = [...cutter.bytes(bytes)];
      bytes.memory.release();
      counts.push(chunks.length);
      release(...chunks);
    }
    expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0]);
  });

  test("looks at all borders behind a rewind that got no further", () => {
    const opens = { position: { ordinal: 0n, token: "0", line: 1 }, moreThanBytes: 6 };
    const chunks = [...byTwo().bytes(blocks().bytes("1,x\n2,x\n3,x\n4,", { opens }))];
    expect(chunks.map(textOf)).toEqual(["1,x\n2,x\n3,x\n"]);
  });
});

describe("LaneCutter behind a rewind", () => {
  const opens = (moreThanBytes: number) => ({ position: { ordinal: 0n, token: "0", line: 1 }, moreThanBytes });

  test("waits for more bytes than were not enough", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions());
    expect([...cutter.bytes(lent.bytes("1,x\n2", { opens: opens(4) }))]).toEqual([]);
    const chunks = [...cutter.bytes(lent.bytes(",y\n3,", {}))];
    expect(chunks.map(textOf)).toEqual(["1,x\n2,y\n"]);
    expect([...cutter.bytes(lent.bytes("z\n"))].map(textOf)).toEqual(["3,z\n"]);
  });

  test("takes what there is when the split ends", () => {
    const chunks = [
      ...new LaneCutter(cutterOptions()).bytes(blocks().bytes("1,x\n", { opens: opens(9), final: true })),
    ];
    expect(chunks.map(textOf)).toEqual(["1,x\n"]);
  });

  test("skips a line of which even maxRecordBytes are not enough, though line ends lie before", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions({ maxRecordBytes: 8 }));
    expect([...cutter.bytes(lent.bytes('"x\ny"zzzzzz', { opens: opens(3) }))]).toEqual([]);
    expect([...cutter.bytes(lent.bytes("zzzzz"))]).toEqual([]);
    const chunks = [...cutter.bytes(lent.bytes("zz\n2,y\n"))];
    expect(chunks.map(textOf)).toEqual(['"x\ny"zzzzzz', "2,y\n"]);
    expect(places(chunks)).toEqual([
      { from: "0", to: "19", firstLine: 1, final: false },
      { from: "19", to: null, firstLine: 3, final: false },
    ]);
  });
});

describe("LaneCutter where quotes are broken", () => {
  test("ends the chunk at the last line end when no border comes within maxRecordBytes", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions({ maxRecordBytes: 8 }));
    const chunks = [...cutter.bytes(lent.bytes('"open\nb\nc\nd', { opens: FROM_START }))];
    expect(chunks.map(textOf)).toEqual(['"open\nb\nc\n']);
    expect([...cutter.bytes(lent.bytes("\n"))].map(({ firstLine }) => firstLine)).toEqual([4]);
  });

  test("waits while a record could still be whole", () => {
    const cutter = new LaneCutter(cutterOptions({ maxRecordBytes: 11 }));
    expect([...cutter.bytes(blocks().bytes('"open\nb\nc\nd', { opens: FROM_START }))]).toEqual([]);
  });
});

describe("LaneCutter at a line longer than maxRecordBytes", () => {
  const cutter = () => new LaneCutter(cutterOptions({ maxRecordBytes: 8 }));

  test("keeps its begin, skips its rest, and says where it ends", () => {
    const lent = blocks();
    const chunks = cutAll(cutter(), lent, ["1,x\nlong line ", "goes on", " and on\n3,y\n4", ",z\n"]);
    expect(chunks.map(textOf)).toEqual(["1,x\n", "long line ", "3,y\n", "4,z\n"]);
    expect(places(chunks)).toEqual([
      { from: "0", to: null, firstLine: 1, final: false },
      { from: "4", to: "29", firstLine: 2, final: false },
      { from: "29", to: null, firstLine: 3, final: false },
      { from: "33", to: null, firstLine: 4, final: true },
    ]);
    release(...chunks);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });

  test("skips a gigantic line and holds no memory that the reader waits for", () => {
    const lent = blocks();
    const cutting = cutter();
    let most = 0;
    for (let number = 0; number < 5000; number++) {
      const block = lent.bytes("x".repeat(10), { opens: number === 0 ? FROM_START : null });
      expect([...cutting.bytes(block)]).toEqual([]);
      block.memory.release();
      most = Math.max(most, lent.lent);
    }
    expect(most).toBe(0);
    const last = lent.bytes("\n", { final: true });
    const chunks = [...cutting.bytes(last)];
    last.memory.release();
    expect(places(chunks)).toEqual([
      { from: "0", to: "50001", firstLine: 1, final: false },
      { from: "50001", to: null, firstLine: 2, final: true },
    ]);
    release(...chunks);
    expect(lent.lent).toBe(0);
  });

  test("is no part but the last chunk where the split ends right behind what was kept", () => {
    const chunks = cutAll(cutter(), blocks(), ["far too long", ""]);
    expect(chunks.map(textOf)).toEqual(["far too long"]);
    expect(places(chunks)).toEqual([{ from: "0", to: null, firstLine: 1, final: true }]);
  });

  test("ends it with the split", () => {
    const lent = blocks();
    const chunks = cutAll(cutter(), lent, ["far too long", " and no end"]);
    expect(places(chunks).map(({ from, to, final }) => ({ from, to, final }))).toEqual([
      { from: "0", to: "23", final: false },
      { from: "23", to: null, final: true },
    ]);
    release(...chunks);
    expect(lent.lent).toBe(0);
  });

  test("forgets it when the lane is rewound", () => {
    const lent = blocks();
    const cutting = cutter();
    const block = lent.bytes("far too long", { opens: FROM_START });
    expect([...cutting.bytes(block)]).toEqual([]);
    block.memory.release();
    const next = lent.bytes("1,x\n", { opens: FROM_START, generation: 1, final: true });
    const chunks = [...cutting.bytes(next)];
    next.memory.release();
    expect(chunks.map(textOf)).toEqual(["1,x\n"]);
    release(...chunks);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });
});

describe("LaneCutter.frames()", () => {
  test("takes the borders and words of the source", () => {
    const lent = blocks();
    const cutter = new LaneCutter(cutterOptions());
    const opens = { position: { ordinal: 0n, token: "origin" }, moreThanBytes: 0 };
    const chunks = [
      cutter.frames(lent.frames(["ab", "c"], 10, { opens })),
      cutter.frames(lent.frames(["d"], 12)),
      cutter.frames(lent.frames(null, 13, { final: true })),
    ];
    expect(chunks.map(textOf)).toEqual(["abc", "d", ""]);
    expect(chunks.map(({ from, final }) => [from, final])).toEqual([
      ["origin", false],
      ["after 11", false],
      ["after 12", true],
    ]);
    expect(chunks[0]?.framing).toEqual({ kind: "framed", ends: Int32Array.of(2, 3) });
    expect([0, 1, 2].map((record) => chunks[0]?.tokens.at(0, record))).toEqual(["origin", "after 10", "after 11"]);
    expect([0, 1].map((record) => chunks[0]?.tokens.of?.(record))).toEqual(["origin", "after 10"]);
    expect(chunks.map(({ meta }) => meta?.keys)).toEqual([["ab", "c"], ["d"], undefined]);
    expect(chunks[2]?.tokens.at(0, 0)).toBe("after 12");
  });
});
