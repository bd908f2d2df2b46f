import { describe, expect, test } from "vitest";
import { Aggregator } from "../../../src/actors/aggregator.ts";
import type { HeadStarts } from "../../../src/actors/head-starts.ts";
import { Lane } from "../../../src/actors/lane.ts";
import type { Delivery, Processed } from "../../../src/actors/messages.ts";
import { Window } from "../../../src/actors/window.ts";
import type { Chunk } from "../../../src/core/chunk.ts";
import type { Position } from "../../../src/core/position.ts";
import type { ChunkResult } from "../../../src/core/result.ts";
import { startActor } from "../../../src/runtime/actor.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { ChunkMaker, chunkReject, resultOf, rowsFor } from "../../support/chunks.ts";
import { EventLog, idleMeter } from "../../support/events.ts";

const unlimited = {
  maxRecords: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  weigh: () => ({ records: 1, bytes: 0 }),
};
const split = (id: string) => ({ id, origin: "0", originLine: 1 });

/** An aggregator at work. */
class Workshop {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 2));
  readonly log = new EventLog();
  readonly results = new Mailbox<Processed>({ name: "results", ...unlimited });
  readonly sinks: ReadonlyMap<string, Mailbox<Delivery>>;
  readonly lanes: readonly Lane[];
  readonly entered: Promise<void>[] = [];
  readonly window = new Window(1000);
  readonly actor;

  constructor(
    lanes: readonly Lane[] = [new Lane(0, [split("a.csv")])],
    positions: ReadonlyMap<string, Position> = new Map(),
    sinks: readonly string[] = ["sink"],
    headStarts: HeadStarts = new Map(),
  ) {
    this.lanes = lanes;
    this.sinks = new Map(sinks.map((name) => [name, new Mailbox<Delivery>({ name, ...unlimited })]));
    const { clock, window, results } = this;
    const { emit } = this.log;
    const about = { job: "orders", run: "run-1", scope: "scope-1" };
    const aggregator = new Aggregator({
      ...about,
      lanes,
      positions,
      headStarts,
      results,
      sinks: this.sinks,
      window,
      clock,
      meter: idleMeter(),
      emit,
    });
    this.actor = startActor("aggregator", aggregator, { clock });
  }

  /** Hands results over in this order and ends; how the aggregator ended. */
  async take(...processed: (readonly [Chunk, ChunkResult | null])[]) {
    await this.hand(...processed);
    this.results.close();
    return this.actor.wait();
  }

  async hand(...processed: (readonly [Chunk, ChunkResult | null])[]): Promise<void> {
    for (const [chunk, result] of processed) await this.results.send({ chunk, result });
    await this.clock.advance(0);
  }

  /** Everything that a sink was sent. */
  async delivered(sink = "sink"): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for (let next = this.sinks.get(sink)?.tryReceive(); next !== undefined; next = this.sinks.get(sink)?.tryReceive()) {
      deliveries.push(next);
    }
    return deliveries;
  }
}

const normal = { kind: "normal" };
const whole = (chunk: Chunk, change: Partial<ChunkResult> = {}) => [chunk, resultOf(chunk, change)] as const;

describe("Aggregator", () => {
  test("delivers in the order of the source whatever the order of the threads", async () => {
    const shop = new Workshop();
    const maker = new ChunkMaker();
    const [first, second, third] = [maker.next("1\n2\n"), maker.next("3\n"), maker.next("4\n", { final: true })];
    await shop.hand(whole(third), whole(second));
    expect(await shop.delivered()).toEqual([]);
    expect(await shop.take(whole(first))).toEqual(normal);
    expect((await shop.delivered()).map(({ from, to, read }) => [from, to, read])).toEqual([
      [0n, { ordinal: 2n, token: "4", line: 3 }, 2],
      [2n, { ordinal: 3n, token: "6", line: 4 }, 1],
      [3n, { ordinal: 4n, token: "8", line: 5 }, 1],
    ]);
    expect(shop.lanes[0]?.done).toBe(true);
  });

  test("closes the sinks' mailboxes behind the last delivery", async () => {
    const shop = new Workshop();
    expect(await shop.take()).toEqual(normal);
    expect(await shop.sinks.get("sink")?.receive()).toBeUndefined();
  });

  test("goes on from the position that is known of a split, else from its origin", async () => {
    const lane = new Lane(0, [split("a.csv"), { id: "b.csv", origin: "7", originLine: 2 }, { id: "c", origin: "x" }]);
    const shop = new Workshop([lane], new Map([["a.csv", { ordinal: 40n, token: "400", line: 41 }]]));
    const maker = new ChunkMaker();
    const chunks = [
      maker.next("1\n", { final: true }),
      maker.next("2\n", { split: "b.csv", final: true }),
      maker.next("3\n", { split: "c", final: true }),
    ];
    await shop.take(...chunks.map((chunk) => whole(chunk)));
    expect((await shop.delivered()).map(({ split: name, from, to }) => [name, from, to.ordinal])).toEqual([
      ["a.csv", 40n, 41n],
      ["b.csv", 0n, 1n],
      ["c", 0n, 1n],
    ]);
  });

  test("tells what became of a chunk and which splits ended", async () => {
    const shop = new Workshop([new Lane(0, [split("a.csv"), split("b.csv")])]);
    const maker = new ChunkMaker();
    const rejects = [
      chunkReject(0, { line: 0, message: "first" }),
      chunkReject(1, { line: 1 }),
      chunkReject(1, { code: "VALUE_INVALID", stage: "write", sink: "sink" }),
    ];
    const chunks = [maker.next("1\n2\n", { final: true }), maker.next("3\n", { split: "b.csv" })];
    await shop.take(whole(chunks[0] as Chunk, { rejects }), whole(chunks[1] as Chunk));
    expect(shop.log.of("chunk-done")).toEqual([
      { kind: "chunk-done", split: "a.csv", records: 2, bytes: 4, rejected: 3 },
      { kind: "chunk-done", split: "b.csv", records: 1, bytes: 2, rejected: 0 },
    ]);
    expect(shop.log.of("split-ended").map((event) => event.split)).toEqual(["a.csv"]);
    expect(shop.log.of("rejected")).toMatchObject([
      {
        stage: "transform",
        code: "TRANSFORM_REJECTED",
        count: 2,
        message: "first",
        sink: null,
        split: "a.csv",
        line: 1,
      },
      { stage: "write", code: "VALUE_INVALID", count: 1, sink: "sink", line: 1 },
    ]);
    expect(shop.lanes[0]?.done).toBe(false);
  });

  test("delivers nothing for a chunk without records, and moves on all the same", async () => {
    const shop = new Workshop();
    const maker = new ChunkMaker();
    const blank = maker.next("#c\n");
    const [last] = [maker.next("1\n", { final: true })];
    await shop.take(whole(blank, { records: 0 }), whole(last));
    expect((await shop.delivered()).map(({ from, to }) => [from, to.token])).toEqual([[0n, "5"]]);
    expect(maker.memories[0]?.holders).toBe(0);
  });

  test("waits for a sink that is full", async () => {
    const shop = new Workshop();
    const narrow = new Mailbox<Delivery>({ name: "narrow", ...unlimited, maxRecords: 1 });
    (shop.sinks as Map<string, Mailbox<Delivery>>).set("sink", narrow);
    const maker = new ChunkMaker();
    await shop.hand(whole(maker.next("1\n")), whole(maker.next("2\n")), whole(maker.next("3\n", { final: true })));
    expect(narrow.stats).toMatchObject({ items: 1, waitingSenders: 1 });
    expect(shop.lanes[0]?.done).toBe(false);
    narrow.tryReceive();
    narrow.tryReceive();
    await shop.clock.advance(0);
    expect(shop.lanes[0]?.done).toBe(true);
  });

  test("fails on a chunk of a split that it does not know, and on bytes left of a last chunk", async () => {
    const maker = new ChunkMaker();
    const foreign = await new Workshop().take(whole(maker.next("1\n", { split: "x.csv" })));
    expect(foreign).toMatchObject({
      kind: "failed",
      error: { code: "INVARIANT", message: "a chunk of the unknown split x.csv" },
    });
    const chunk = new ChunkMaker().next("1\n2", { final: true });
    const left = await new Workshop().take(whole(chunk, { end: 2 }));
    expect(left).toMatchObject({
      kind: "failed",
      error: { message: "a.csv: the decoder left 1 bytes of the last chunk" },
    });
  });
});

describe("Aggregator with memory", () => {
  test("gives a chunk back when every sink that got it has, also when there was nothing to send", async () => {
    const shop = new Workshop(undefined, undefined, ["sink", "archive"]);
    const maker = new ChunkMaker();
    const chunk = maker.next("1\n", { final: true, needs: ["sink", "archive"] });
    await shop.take(whole(chunk, { outputs: [rowsFor("sink", 1), rowsFor("archive", 1)] }));
    expect(maker.held).toBe(2);
    for (const delivery of [...(await shop.delivered()), ...(await shop.delivered("archive"))]) delivery.release();
    expect(maker.held).toBe(0);
  });

  test("gives back what waits for chunks that never came", async () => {
    const shop = new Workshop();
    const maker = new ChunkMaker();
    maker.next("1\n").memory.release();
    const later = maker.next("2\n");
    expect(await shop.take(whole(later))).toEqual(normal);
    expect(maker.held).toBe(0);
  });
});

describe("Aggregator where the splitter was wrong", () => {
  test("rewinds the lane to the true end, with as many bytes as were not enough", async () => {
    const shop = new Workshop();
    const lane = shop.lanes[0] as Lane;
    const maker = new ChunkMaker();
    await shop.hand(whole(maker.next("1\n")), whole(maker.next('2\n"3\n'), { records: 1, end: 2, lines: 1 }));
    expect(lane.generation).toBe(1);
    expect(lane.takeRewind()).toEqual({
      splitIndex: 0,
      opening: { position: { ordinal: 2n, token: "4", line: 3 }, moreThanBytes: 3 },
    });
    expect(shop.log.of("rewound")).toEqual([{ kind: "rewound", split: "a.csv", token: "4", dropped: 3 }]);
    expect((await shop.delivered()).map(({ to }) => to.token)).toEqual(["2", "4"]);
  });

  test("drops what was cut after a wrong guess, whenever it comes, and goes on with the new generation", async () => {
    const shop = new Workshop();
    const maker = new ChunkMaker();
    const wrong = maker.next('1\n"2\n');
    const [stale, late] = [maker.next("3\n"), maker.next("4\n")];
    maker.rewind(2, 2);
    const [again, last] = [maker.next('"2\n3\n'), maker.next("4\n", { final: true })];
    await shop.hand([stale, resultOf(stale)], whole(wrong, { records: 1, end: 2, lines: 1 }));
    await shop.hand(whole(last), [late, null]);
    expect(await shop.take(whole(again, { records: 1, lines: 2 }))).toEqual(normal);
    const deliveries = await shop.delivered();
    expect(deliveries.map(({ from, to }) => [from, to.ordinal, to.token])).toEqual([
      [0n, 1n, "2"],
      [1n, 2n, "7"],
      [2n, 3n, "9"],
    ]);
    for (const delivery of deliveries) delivery.release();
    expect(maker.held).toBe(0);
    expect(shop.lanes[0]?.done).toBe(true);
  });

  test("lets as many into the window as it took out, stale ones too", async () => {
    const shop = new Workshop();
    let places = 0;
    shop.window.leave = () => void places++;
    const maker = new ChunkMaker();
    const wrong = maker.next('1\n"2\n');
    const stale = maker.next("3\n");
    await shop.take(whole(wrong, { records: 1, end: 2, lines: 1 }), [stale, null]);
    expect(places).toBe(2);
  });

  test("goes on behind the rest of an oversized line that nobody kept", async () => {
    const shop = new Workshop();
    const maker = new ChunkMaker();
    const begin = maker.next("long lin", { to: "30" });
    await shop.take(whole(begin, { records: 1, lines: 0, spans: Int32Array.of(0, 8) }));
    expect((await shop.delivered())[0]?.to).toEqual({ ordinal: 1n, token: "30", line: 2 });
  });

  test("does not skip anything when the decoder ended before the oversized line", async () => {
    const shop = new Workshop();
    const begin = new ChunkMaker().next("1\nlong lin", { to: "30" });
    await shop.take(whole(begin, { records: 1, end: 2, lines: 1 }));
    expect((await shop.delivered())[0]?.to).toEqual({ ordinal: 1n, token: "2", line: 2 });
    expect(shop.lanes[0]?.takeRewind()?.opening.moreThanBytes).toBe(8);
  });
});

describe("Aggregator with lanes side by side", () => {
  test("keeps the order of each lane, and lets one lane's rewind alone", async () => {
    const lanes = [new Lane(0, [split("a.csv")]), new Lane(1, [split("b.csv")])];
    const shop = new Workshop(lanes);
    const [left, right] = [new ChunkMaker(), new ChunkMaker()];
    const b = { split: "b.csv", lane: 1 };
    const [a0, b0, b1] = [left.next('1\n"2\n'), right.next("x\n", b), right.next("y\n", { ...b, final: true })];
    await shop.take(whole(b1), whole(a0, { records: 1, end: 2, lines: 1 }), whole(b0));
    expect((await shop.delivered()).map(({ split: name, to }) => [name, to.ordinal])).toEqual([
      ["a.csv", 1n],
      ["b.csv", 1n],
      ["b.csv", 2n],
    ]);
    expect(lanes.map(({ generation, done }) => [generation, done])).toEqual([
      [1, false],
      [0, true],
    ]);
  });
});

describe("Aggregator with rejects", () => {
  test("gives every reject its place in the split, and all that is known of the run", async () => {
    const positions = new Map([["a.csv", { ordinal: 10n, token: "100", line: 11 }]]);
    const shop = new Workshop(undefined, positions);
    const maker = new ChunkMaker();
    maker.rewind(100, 11);
    const chunk = maker.next("1\n2\n3\n", { final: true, generation: 0 });
    await shop.take(whole(chunk, { rejects: [chunkReject(2, { offset: 4, line: 2, output: 1 })] }));
    expect((await shop.delivered())[0]?.rejects).toEqual([
      {
        job: "orders",
        run: "run-1",
        scope: "scope-1",
        split: "a.csv",
        position: { ordinal: 12n, token: "104" },
        line: 13,
        stage: "transform",
        output: 1,
        code: "TRANSFORM_REJECTED",
        message: "bad",
        raw: "raw",
        rawEncoding: "utf8",
        attempts: 1,
        at: "2026-01-02T00:00:00.000Z",
      },
    ]);
  });

  test("gives the turn of a lane back with each result", async () => {
    const lane = new Lane(0, [split("a.csv")], 1);
    await lane.turns.enter(new AbortController().signal);
    const shop = new Workshop([lane]);
    await shop.take(whole(new ChunkMaker().next("1\n", { final: true })));
    await lane.turns.enter(AbortSignal.abort());
  });

  test("gives a reject the word that names its record alone, where the source has one", async () => {
    const shop = new Workshop([new Lane(0, [{ id: "a.csv", origin: "0" }])]);
    const chunk = new ChunkMaker().next("1\n2\n", { final: true });
    const tokens = { ...chunk.tokens, of: (record: number) => `record ${record}` };
    await shop.take(whole({ ...chunk, tokens }, { rejects: [chunkReject(1, { offset: 2 })] }));
    const [delivery] = await shop.delivered();
    expect(delivery?.rejects[0]?.position).toEqual({ ordinal: 1n, token: "record 1" });
    expect(delivery?.to.token).toBe("4");
  });

  test("leaves the line out where the source has none", async () => {
    const shop = new Workshop([new Lane(0, [{ id: "a.csv", origin: "0" }])]);
    const { firstLine: _none, ...chunk } = new ChunkMaker().next("1\n", { final: true });
    await shop.take(whole(chunk, { rejects: [chunkReject(0)] }));
    const [delivery] = await shop.delivered();
    expect(delivery?.rejects[0]).not.toHaveProperty("line");
    expect(delivery?.to).not.toHaveProperty("line");
    expect(shop.log.of("rejected")[0]?.line).toBeNull();
  });

  test("gives common rejects to every sink, and a sink's own to that sink alone", async () => {
    const shop = new Workshop(undefined, undefined, ["sink", "archive"]);
    const chunk = new ChunkMaker().next("1\n2\n", { final: true, needs: ["sink", "archive"] });
    const rejects = [chunkReject(0), chunkReject(1, { stage: "write", sink: "archive" })];
    await shop.take(whole(chunk, { rejects, outputs: [rowsFor("sink", 1), rowsFor("archive", 0)] }));
    const records = async (sink: string) =>
      (await shop.delivered(sink))[0]?.rejects.map(({ position }) => position.ordinal);
    expect(await records("sink")).toEqual([0n]);
    expect(await records("archive")).toEqual([0n, 1n]);
  });

  test("gives a sink that is ahead only what comes behind its position, records keeping their numbers", async () => {
    const headStarts = new Map([["a.csv", new Map([["archive", { ordinal: 4n, token: "8" }]])]]);
    const shop = new Workshop(undefined, undefined, ["sink", "archive"], headStarts);
    const maker = new ChunkMaker();
    const outputs = ["sink", "archive"].map((name) => rowsFor(name, 3));
    const first = maker.next("1\n2\n3\n");
    const second = maker.next("4\n5\n6\n7\n");
    const last = maker.next("8\n9\n0\n", { final: true });
    const rejects = [chunkReject(0), chunkReject(3), chunkReject(1, { sink: "archive", stage: "write" })];
    await shop.take(
      whole(first, { outputs }),
      // Records 0 and 3 are rejected; the sink gets 1 and 2, the archive refuses 1.
      whole(second, {
        outputs: [
          { ...rowsFor("sink", 2), recordOfRow: Int32Array.of(1, 2) },
          { ...rowsFor("archive", 1), recordOfRow: Int32Array.of(2) },
        ],
        rejects,
      }),
      whole(last, { outputs }),
    );
    const told = ({ from, to, read, output, rejects: mine }: Delivery) => ({
      span: [from, to.ordinal],
      read,
      rows: [...output.recordOfRow],
      ends: [...output.rowEnds],
      filtered: output.filtered,
      rejects: mine.map(({ position }) => position.ordinal),
    });
    expect((await shop.delivered()).map(told)).toEqual([
      { span: [0n, 3n], read: 3, rows: [0, 1, 2], ends: [1, 2, 3], filtered: 0, rejects: [] },
      { span: [3n, 7n], read: 4, rows: [1, 2], ends: [1, 2], filtered: 0, rejects: [3n, 6n] },
      { span: [7n, 10n], read: 3, rows: [0, 1, 2], ends: [1, 2, 3], filtered: 0, rejects: [] },
    ]);
    expect((await shop.delivered("archive")).map(told)).toEqual([
      { span: [4n, 7n], read: 3, rows: [2], ends: [1], filtered: 0, rejects: [6n, 4n] },
      { span: [7n, 10n], read: 3, rows: [0, 1, 2], ends: [1, 2, 3], filtered: 0, rejects: [] },
    ]);
  });

  test("cuts the bytes of a record that the sink itself refused out of the chunk", async () => {
    const shop = new Workshop();
    const chunk = new ChunkMaker().next("1,x\n2,\u0000\n3,z\n", { final: true });
    await shop.take(whole(chunk));
    const [delivery] = await shop.delivered();
    const refuse = (record: number) => delivery?.rejectRow({ record, output: 2, code: "ROW_REFUSED", message: "no" });
    expect(refuse(2)).toMatchObject({
      position: { ordinal: 2n, token: "8" },
      line: 3,
      stage: "write",
      sink: "sink",
      output: 2,
      code: "ROW_REFUSED",
      message: "no",
      raw: "3,z",
      rawEncoding: "utf8",
    });
    expect(refuse(1)).toMatchObject({
      raw: Buffer.from("2,\u0000").toString("base64"),
      rawEncoding: "base64",
      line: 2,
    });
  });
});
