import { describe, expect, test } from "vitest";
import { Chunker } from "../../../src/actors/chunker.ts";
import type { Block } from "../../../src/actors/messages.ts";
import { StageMeter } from "../../../src/actors/stage-meter.ts";
import type { Chunk } from "../../../src/core/chunk.ts";
import { startActor } from "../../../src/runtime/actor.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { cutterOptions, FROM_START, LentBlocks, textOf } from "../../support/blocks.ts";
import { EventLog } from "../../support/events.ts";

function workshop(lanes = 1, maxChunks = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const log = new EventLog();
  const unlimited = { maxBytes: Number.POSITIVE_INFINITY, weigh: () => ({ records: 1, bytes: 0 }) };
  const blocks = new Mailbox<Block>({ name: "blocks", maxRecords: Number.POSITIVE_INFINITY, ...unlimited });
  const chunks = new Mailbox<Chunk>({ name: "chunks", maxRecords: maxChunks, ...unlimited });
  let now = 0;
  const ticking = { now: () => 0, monotonic: () => now++, timer: () => ({ [Symbol.dispose]() {} }) };
  const meter = new StageMeter(ticking);
  const { splitter, maxRecordBytes } = cutterOptions();
  const chunker = new Chunker({
    splitter,
    maxRecordBytes,
    maxRecords: null,
    lanes,
    sinks: ["sink"],
    headStarts: new Map(),
    blocks,
    chunks,
    meter,
    emit: log.emit,
  });
  return {
    clock,
    log,
    blocks,
    chunks,
    meter,
    lent: new LentBlocks(),
    actor: startActor("chunker", chunker, { clock }),
  };
}

describe("Chunker", () => {
  test("cuts every block, gives its memory back, and ends behind the last one", async () => {
    const { blocks, chunks, lent, log, actor, meter } = workshop();
    blocks.trySend(lent.bytes("1,x\n2,", { opens: FROM_START }));
    blocks.trySend(lent.bytes("y\n", { final: true }));
    blocks.close();
    expect(await actor.wait()).toEqual({ kind: "normal" });
    const cut = [await chunks.receive(), await chunks.receive()] as [Chunk, Chunk];
    expect(cut.map(textOf)).toEqual(["1,x\n", "2,y\n"]);
    expect(await chunks.receive()).toBeUndefined();
    expect(log.of("chunk-cut")).toEqual([
      { kind: "chunk-cut", split: "a.csv", bytes: 4 },
      { kind: "chunk-cut", split: "a.csv", bytes: 4 },
    ]);
    for (const chunk of cut) chunk.memory.release();
    expect(lent.lent).toBe(0);
    expect(meter.times.busyMs).toBeGreaterThan(0);
  });

  test("keeps the tails of lanes apart", async () => {
    const { blocks, chunks, lent, clock } = workshop(2);
    blocks.trySend(lent.bytes("1,left", { opens: FROM_START, lane: 0 }));
    blocks.trySend(lent.bytes("2,right", { opens: FROM_START, lane: 1 }));
    blocks.trySend(lent.bytes("\n", { lane: 0, final: true }));
    blocks.trySend(lent.bytes("\n", { lane: 1, final: true }));
    await clock.advance(0);
    const cut = [chunks.tryReceive(), chunks.tryReceive()] as [Chunk, Chunk];
    expect(cut.map((chunk) => [chunk.lane, textOf(chunk)])).toEqual([
      [0, "1,left\n"],
      [1, "2,right\n"],
    ]);
  });

  test("takes what the source has framed as it is", async () => {
    const { blocks, chunks, lent, clock } = workshop();
    blocks.trySend(lent.frames(["a", "b"], 0, { opens: FROM_START }));
    blocks.trySend(lent.frames(null, 2, { final: true }));
    await clock.advance(0);
    expect([chunks.tryReceive(), chunks.tryReceive()].map((chunk) => [chunk?.end, chunk?.final])).toEqual([
      [2, false],
      [0, true],
    ]);
  });

  test("waits while nobody takes its chunks, and gives an unfinished oversized line back at the end", async () => {
    const { blocks, chunks, lent, clock, actor, meter } = workshop(1, 1);
    blocks.trySend(lent.bytes("1,x\n", { opens: FROM_START }));
    blocks.trySend(lent.bytes(`2,y\n${"x".repeat(1002)}`));
    blocks.close();
    await clock.advance(0);
    expect(chunks.stats).toMatchObject({ items: 1, waitingSenders: 1 });
    chunks.tryReceive()?.memory.release();
    chunks.tryReceive()?.memory.release();
    expect(await actor.wait()).toEqual({ kind: "normal" });
    expect(meter.times.waitOutputMs).toBeGreaterThan(0);
    expect([lent.lent, lent.budget.used]).toEqual([0, 0]);
  });
});
