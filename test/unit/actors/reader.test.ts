import { describe, expect, test } from "vitest";
import { MemoryArena } from "../../../src/actors/chunk-memory.ts";
import { Lane } from "../../../src/actors/lane.ts";
import type { Block } from "../../../src/actors/messages.ts";
import { Reader, type ReaderOptions } from "../../../src/actors/reader.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { BoundSource, FrameBatch } from "../../../src/core/ports/source.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { startActor } from "../../../src/runtime/actor.ts";
import { BufferPool } from "../../../src/runtime/buffer-pool.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";
import { MemoryBudget } from "../../../src/runtime/memory-budget.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { EventLog, idleMeter } from "../../support/events.ts";
import { MemorySource } from "../../support/memory-source.ts";

const RETRY = { forMs: 10_000, initialDelayMs: 1000, maxDelayMs: 4000, multiplier: 2, jitter: "none" } as const;

function workshop(source: BoundSource, change: Partial<ReaderOptions> = {}, limitBytes = 1_000_000) {
  const clock = new FakeClock();
  const log = new EventLog();
  const buffers = new BufferPool({ maxIdleBytes: 1_000_000 });
  const arena = new MemoryArena(buffers);
  const budget = new MemoryBudget({ limitBytes });
  const blocks = new Mailbox<Block>({
    name: "blocks",
    maxRecords: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
    weigh: () => ({ records: 1, bytes: 0 }),
  });
  const lanes = change.lanes ?? [new Lane(0, source.splits)];
  const reader = new Reader({
    source,
    lanes,
    positions: new Map(),
    blocks,
    arena,
    budget: budget.account("run"),
    blockBytes: 10,
    estimateOutput: () => 0,
    meter: idleMeter(),
    patience: { policy: RETRY, stage: "source", clock, random: seededRandom(1), emit: log.emit },
    emit: log.emit,
    ...change,
  });
  const actor = startActor("reader", reader, { clock });
  const settle = () => clock.advance(0);
  const taken: Block[] = [];
  const take = async () => {
    await settle();
    for (let next = blocks.tryReceive(); next !== undefined; next = blocks.tryReceive()) taken.push(next);
    return taken.splice(0);
  };
  return { actor, lane: lanes[0] as Lane, blocks, buffers, budget, log, clock, settle, take };
}

function textOf(block: Block): string {
  if (block.kind === "frames") return `${block.frames?.bytes ?? "end"}`;
  return Buffer.from(block.memory.bytes.slice(block.begin, block.end)).toString();
}

const shown = (blocks: readonly Block[]) =>
  blocks.map((block) => [block.split.id, textOf(block), block.opens?.position.token ?? null, block.final]);

describe("Reader", () => {
  test("fills blocks from split after split, says where each begins, and ends when the lane is done", async () => {
    const source = new MemorySource({ "a.csv": "abcdefghijkl", "b.csv": "" });
    const { actor, take, lane, log, settle } = workshop(source);
    const blocks = await take();
    expect(shown(blocks)).toEqual([
      ["a.csv", "abcdefgh", "0", false],
      ["a.csv", "ijkl", null, true],
      ["b.csv", "", "0", true],
    ]);
    expect(blocks[0]).toMatchObject({
      lane: 0,
      generation: 0,
      opens: { moreThanBytes: 0, position: { ordinal: 0n, line: 1 } },
    });
    expect(source.reading).toBe(0);
    expect(log.of("split-started").map(({ split, bytes }) => [split, bytes])).toEqual([
      ["a.csv", 12],
      ["b.csv", 0],
    ]);
    let ended = false;
    void actor.wait().then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    lane.finish();
    expect(await actor.wait()).toEqual({ kind: "normal" });
  });

  test("goes on where each split stands", async () => {
    const source = new MemorySource({ "a.csv": "abcdef", "b.csv": "xyz" });
    const positions = new Map([["a.csv", { ordinal: 4n, token: "4", line: 5 }]]);
    const { take } = workshop(source, { positions });
    expect(shown(await take())).toEqual([
      ["a.csv", "ef", "4", true],
      ["b.csv", "xyz", "0", true],
    ]);
  });

  test("reads a split of unknown size to its end, and what has grown behind the known end in whole blocks", async () => {
    const unknown = new MemorySource({ "a.csv": "abcdefgh" }, { bytes: false });
    expect(shown(await workshop(unknown).take())).toEqual([
      ["a.csv", "abcdefgh", "0", false],
      ["a.csv", "", null, true],
    ]);
    const grown = new MemorySource({ "a.csv": "abcdefghijklmnop" });
    const plan = [{ ...grown.splits[0], id: "a.csv", origin: "0", bytes: 2 }];
    expect(shown(await workshop(grown, { lanes: [new Lane(0, plan)] }).take()).map(([, text]) => text)).toEqual([
      "abc",
      "defghijk",
      "lmnop",
    ]);
  });

  test("asks for no more memory than a small split needs", async () => {
    const source = new MemorySource({ "a.csv": "ab" });
    const { take, budget } = workshop(source, { blockBytes: 1024 * 1024 }, 10_000_000);
    await take();
    expect(budget.used).toBe(3);
  });

  test("begins a lane without splits and ends it at once", async () => {
    const source = new MemorySource({});
    expect(await workshop(source).actor.wait()).toEqual({ kind: "normal" });
  });

  test("reads lanes side by side", async () => {
    const source = new MemorySource({ "a.csv": "ab", "b.csv": "xy" });
    const lanes = source.splits.map((split, number) => new Lane(number, [split]));
    const { take, actor } = workshop(source, { lanes });
    expect((await take()).map(({ lane, split }) => [lane, split.id])).toEqual([
      [0, "a.csv"],
      [1, "b.csv"],
    ]);
    for (const lane of lanes) lane.finish();
    expect(await actor.wait()).toEqual({ kind: "normal" });
  });

  test("when one lane fails, ends only after the others have stopped reading", async () => {
    const error = new MillraceError("SOURCE_FAILED", "a bad block");
    const source = new MemorySource({ "a.csv": "ab", "b.csv": "xyxyxyxyxyxyxyxy" });
    const held = Promise.withResolvers<void>();
    source.beforeRead = (split) => (split === "a.csv" ? Promise.reject(error) : held.promise);
    const lanes = source.splits.map((split, number) => new Lane(number, [split]));
    const { actor, settle, take } = workshop(source, { lanes });
    let ended = false;
    void actor.wait().then(() => (ended = true));
    await settle();
    expect([ended, source.reading]).toEqual([false, 1]);
    held.resolve();
    expect(await actor.wait()).toEqual({ kind: "failed", error });
    expect([source.reading, (await take()).length]).toEqual([0, 1]);
  });

  test("fails with what the source fails with", async () => {
    const error = new MillraceError("SOURCE_CHANGED", "it is another file now");
    const source = new MemorySource({ "a.csv": "ab" });
    source.open = () => Promise.reject(error);
    expect(await workshop(source).actor.wait()).toEqual({ kind: "failed", error });
  });
});

describe("Reader of a source that is away for a moment", () => {
  const away = new MillraceError("SOURCE_UNAVAILABLE", "the server is away");

  test("makes the same call again after a while, and keeps what it has", async () => {
    const source = new MemorySource({ "a.csv": "abcdef" });
    const failing = [3, 3, 6];
    source.beforeRead = async (_split, offset) => {
      if (failing[0] === offset) {
        failing.shift();
        throw away;
      }
    };
    const { take, clock, log } = workshop(source);
    expect(await take()).toEqual([]);
    await clock.advance(1000 + 2000);
    expect(await take()).toEqual([]);
    await clock.advance(1000);
    expect(shown(await take())).toEqual([["a.csv", "abcdef", "0", true]]);
    expect(source.opened).toEqual(["a.csv at 0"]);
    expect(log.of("retrying").map(({ stage, attempt, delayMs }) => [stage, attempt, delayMs])).toEqual([
      ["source", 1, 1000],
      ["source", 2, 2000],
      ["source", 1, 1000],
    ]);
  });

  test("opens a split again, too, and gives up after retry.for", async () => {
    const source = new MemorySource({ "a.csv": "ab" });
    source.open = () => Promise.reject(away);
    const { actor, clock } = workshop(source);
    for (let wait = 0; wait < 5; wait++) await clock.advance(4000);
    expect(await actor.wait()).toMatchObject({ kind: "failed", error: { code: "RETRIES_EXHAUSTED", cause: away } });
  });

  test.each(["open", "read"])("when it is stopped while it waits to %s, ends and holds nothing", async (moment) => {
    const source = new MemorySource({ "a.csv": "ab" });
    if (moment === "open") source.open = () => Promise.reject(away);
    else source.beforeRead = () => Promise.reject(away);
    const { actor, settle, budget, buffers, clock } = workshop(source);
    await settle();
    actor.stop(1000);
    expect(await actor.wait()).toEqual({ kind: "normal" });
    expect([source.reading, budget.used, buffers.stats.inUse, clock.pendingTimers]).toEqual([0, 0, 0, 0]);
  });
});

describe("Reader when a lane is rewound", () => {
  const opening = { position: { ordinal: 1n, token: "2", line: 2 }, moreThanBytes: 3 };

  test("begins anew there, with the new generation, also when everything was read", async () => {
    const source = new MemorySource({ "a.csv": "abcd", "b.csv": "xy" });
    const { take, lane, actor, log } = workshop(source);
    await take();
    lane.rewind({ splitIndex: 0, opening });
    const again = await take();
    expect(shown(again)).toEqual([
      ["a.csv", "cd", "2", true],
      ["b.csv", "xy", "0", true],
    ]);
    expect(again.map(({ generation }) => generation)).toEqual([1, 1]);
    expect(again[0]?.opens?.moreThanBytes).toBe(3);
    expect(source.opened).toEqual(["a.csv at 0", "b.csv at 0", "a.csv at 2", "b.csv at 0"]);
    expect(log.of("split-started")).toHaveLength(2);
    lane.finish();
    expect(await actor.wait()).toEqual({ kind: "normal" });
  });

  test("drops what it was doing", async () => {
    const source = new MemorySource({ "a.csv": "x".repeat(30) });
    const { take, lane, blocks, settle } = workshop(source, {}, 1);
    await settle();
    lane.rewind({ splitIndex: 0, opening });
    expect(blocks.stats.items).toBe(1);
    const [first] = await take();
    first?.memory.release();
    const later: Block[] = [];
    for (let round = 0; round < 8; round++) {
      const [next] = await take();
      if (next === undefined) continue;
      later.push(next);
      next.memory.release();
    }
    // the block it had asked memory for before it heard of the rewind is still of the old generation
    expect(later.map(({ generation }) => generation)).toEqual([0, 1, 1, 1, 1]);
    expect(later[1]?.opens).toEqual(opening);
  });
});

describe("Reader and the memory budget", () => {
  test("waits for memory before each block but the first", async () => {
    const source = new MemorySource({ "a.csv": "x".repeat(20) });
    const { take, budget, actor } = workshop(source, {}, 1);
    const [first] = await take();
    expect(await take()).toEqual([]);
    expect(budget.waiting).toBe(1);
    first?.memory.release();
    expect((await take()).map(textOf)).toEqual(["xxxxxxxx"]);
    actor.stop(1000);
    expect(await actor.wait()).toEqual({ kind: "normal" });
    expect(budget.waiting).toBe(0);
  });

  test("reserves what the outputs will take, too", async () => {
    const source = new MemorySource({ "a.csv": "ab" });
    const { take, budget } = workshop(source, { estimateOutput: (bytes) => 1000 * bytes });
    await take();
    expect(budget.used).toBe(3 + 3000);
  });
});

describe("Reader when it is stopped", () => {
  test.each(["while it waits for the lane's word", "before its first block"])("ends %s", async (moment) => {
    const source = new MemorySource({ "a.csv": "ab" });
    const { actor, settle, blocks } = workshop(source);
    if (moment.startsWith("while")) await settle();
    actor.stop(1000);
    expect(await actor.wait()).toEqual({ kind: "normal" });
    expect(() => blocks.trySend({} as Block)).toThrow("closed");
    expect(source.reading).toBe(0);
  });
});

describe("Reader of framed records", () => {
  const batch = (memory: FrameBatch["memory"], bytes: number): FrameBatch => ({
    memory,
    bytes,
    ends: Int32Array.of(bytes),
    tokens: { after: String },
  });

  function framed(sizes: readonly number[]): BoundSource {
    return {
      label: "frames",
      splits: [{ id: "topic-0", origin: "5" }],
      open: async () => {
        const left = [...sizes];
        return {
          kind: "frames",
          read: async (_maxBytes, lease) => {
            const bytes = left.shift();
            return bytes === undefined ? undefined : batch(await lease(bytes), bytes);
          },
          [Symbol.asyncDispose]: async () => {},
        };
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  test("waits for the lane's turn before it reads on, also when it is asked to stop", async () => {
    const source = framed([4, 4, 4]);
    const lane = new Lane(0, source.splits, 2);
    const { take, actor } = workshop(source, { lanes: [lane] });
    expect(await take()).toHaveLength(2);
    lane.turns.leave();
    expect(await take()).toHaveLength(1);
    actor.stop(1_000);
    expect(await actor.wait()).toEqual({ kind: "normal" });
  });

  test("hands batches over, in larger memory where they need it, and the end", async () => {
    const { take, lane, actor, buffers, budget } = workshop(framed([4, 9000]));
    const blocks = await take();
    expect(shown(blocks)).toEqual([
      ["topic-0", "4", "5", false],
      ["topic-0", "9000", null, false],
      ["topic-0", "end", null, true],
    ]);
    expect(blocks[1]?.memory.bytes.byteLength).toBeGreaterThanOrEqual(9000);
    for (const { memory } of blocks) memory.release();
    expect([buffers.stats.inUse, budget.used]).toEqual([0, 0]);
    lane.finish();
    expect(await actor.wait()).toEqual({ kind: "normal" });
  });
});
