import { describe, expect, test } from "vitest";
import type { Delivery } from "../../../src/actors/messages.ts";
import { placedInState, placedWithData, type Placement, type RejectsApart } from "../../../src/actors/placement.ts";
import { RejectPlace, type RejectPlaceOptions } from "../../../src/actors/reject-place.ts";
import { ProgressBook } from "../../../src/actors/progress-book.ts";
import { Writer, type WriterOptions } from "../../../src/actors/writer.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Progress } from "../../../src/core/ports/sink.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { type RunningActor, startActor } from "../../../src/runtime/actor.ts";
import { Mailbox } from "../../../src/runtime/mailbox.ts";
import { MemoryBudget } from "../../../src/runtime/memory-budget.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { Deliveries, freshProgress } from "../../support/deliveries.ts";
import { EventLog, idleMeter } from "../../support/events.ts";
import { ScriptedSink } from "../../support/scripted-sink.ts";

const away = new MillraceError("SINK_UNAVAILABLE", "the server is away");
const key = { job: "orders", scope: "run-1", sink: "sink" };

/** A writer at work on a scripted sink. */
class Workshop {
  readonly clock = new FakeClock();
  readonly log = new EventLog();
  readonly deliveries = new Deliveries();
  readonly inbox = new Mailbox<Delivery>({
    name: "deliveries",
    maxRecords: 100,
    maxBytes: Number.POSITIVE_INFINITY,
    weigh: () => ({ records: 1, bytes: 0 }),
  });
  readonly budget = new MemoryBudget({ limitBytes: 100 });
  readonly committed: Progress[] = [];
  readonly sink: ScriptedSink;
  readonly book: ProgressBook;
  readonly actor: RunningActor;

  constructor(sink: ScriptedSink, change: Partial<WriterOptions> = {}) {
    this.sink = sink;
    this.book = new ProgressBook([...sink.progressRows.values()]);
    const options: WriterOptions = {
      sink: "sink",
      writer: sink,
      placement: placedWithData({ progress: (splits) => sink.progress(splits) }, null),
      book: this.book,
      inbox: this.inbox,
      columns: () => null,
      commit: { bytes: 10, intervalMs: 1000 },
      limits: null,
      retry: { forMs: 10_000, initialDelayMs: 1000, maxDelayMs: 5000, multiplier: 2, jitter: "none" },
      budget: this.budget,
      account: this.budget.account("run"),
      isComplete: () => true,
      clock: this.clock,
      random: () => 0.5,
      meter: idleMeter(),
      emit: this.log.emit,
      onCommitted: (rows) => void this.committed.push(...rows),
      ...change,
    };
    this.actor = startActor("writer", new Writer(options), { clock: this.clock });
  }

  /** Sends chunks of these rows, one row a record. */
  send(...chunks: (readonly string[])[]): void {
    for (const rows of chunks) this.inbox.trySend(this.deliveries.next(rows));
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Nothing more comes; how the writer ended, with its pauses skipped. */
  async end() {
    this.inbox.close();
    let exit: unknown;
    void this.actor.wait().then((result) => (exit = result));
    for (let step = 0; step < 50 && exit === undefined; step++) {
      await this.settle();
      if (exit === undefined) await this.clock.runNext();
    }
    return exit;
  }
}

const apart = ({ append }: Pick<RejectPlaceOptions, "append">): RejectsApart => ({
  place: new RejectPlace({ append, keptBefore: new Map() }),
  takes: "all",
});
const normal = { kind: "normal" };
const sinkOf = (lanes: 1 | 2 = 1) => new ScriptedSink([freshProgress("a.csv"), freshProgress("b.csv")], lanes);

describe("Writer", () => {
  test("gathers deliveries into units of commit.bytes and commits them with their positions", async () => {
    const shop = new Workshop(sinkOf());
    shop.send(["12345"], ["67890"], ["x"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.log).toEqual(["fast", "write 1", "write 1", "commit", "fast", "write 1", "commit"]);
    expect(shop.sink.rows).toEqual(["12345", "67890", "x"]);
    expect(shop.committed.map(({ split, position }) => [split, position.ordinal])).toEqual([
      ["a.csv", 2n],
      ["a.csv", 3n],
    ]);
    expect(shop.log.of("unit-committed").map(({ chunks, added, careful }) => [chunks, added.written, careful])).toEqual(
      [
        [2, 2, false],
        [1, 1, false],
      ],
    );
    expect(shop.deliveries.released).toBe(3);
    expect(shop.clock.pendingTimers).toBe(0);
  });

  test("closes a unit when its interval is over", async () => {
    const shop = new Workshop(sinkOf());
    shop.send(["1"]);
    await shop.clock.advance(999);
    shop.send(["2"]);
    await shop.settle();
    expect(shop.sink.rows).toEqual([]);
    await shop.clock.advance(1);
    expect(shop.sink.rows).toEqual(["1", "2"]);
    expect(await shop.end()).toEqual(normal);
  });

  test("closes a unit when a reader waits for its memory, also when it has waited before", async () => {
    const shop = new Workshop(sinkOf());
    const account = shop.budget.account("run");
    const held = account.tryReserve(100);
    shop.send(["1"]);
    await shop.settle();
    expect(shop.sink.rows).toEqual([]);
    const waiting = account.reserve(1);
    await shop.settle();
    expect(shop.sink.rows).toEqual(["1"]);
    shop.send(["2"], ["3"]);
    await shop.settle();
    expect(shop.sink.log.slice(-4)).toEqual(["fast", "write 1", "write 1", "commit"]);
    held?.release();
    (await waiting).release();
    expect(await shop.end()).toEqual(normal);
  });

  test("advances over chunks without rows, and asks the sink to write only where there are some", async () => {
    const shop = new Workshop(sinkOf());
    shop.inbox.trySend(shop.deliveries.next([], { filtered: 3 }));
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.log).toEqual(["fast", "commit"]);
    expect(shop.book.total).toMatchObject({ read: 3, filtered: 3, written: 0 });
  });

  test("commits the rejects that came along in the same step", async () => {
    const shop = new Workshop(sinkOf());
    shop.inbox.trySend(shop.deliveries.next(["1"], { rejected: [1] }));
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rejects.map(({ position }) => position.ordinal)).toEqual([1n]);
    expect(shop.book.total).toMatchObject({ read: 2, written: 1, rejected: 1 });
  });

  test("does nothing when nothing comes", async () => {
    const shop = new Workshop(sinkOf());
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.log).toEqual([]);
  });
});

describe("Writer after a transient failure", () => {
  test.each(["begin", "write", "commit"] as const)("of %s rolls back, waits and sends the unit again", async (step) => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan(step, away, away);
    shop.send(["1"], ["2"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1", "2"]);
    expect(shop.log.of("retrying").map(({ delayMs, stage }) => [delayMs, stage])).toEqual([
      [1000, "sink"],
      [2000, "sink"],
    ]);
    expect(shop.sink.openUnits).toBe(0);
    expect(shop.deliveries.released).toBe(2);
  });

  test("reads the positions back and does not send again what was committed", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("commit", "lost");
    shop.send(["1"], ["2"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1", "2"]);
    expect(shop.sink.log).toEqual(["fast", "write 1", "write 1", "commit", "rollback", "progress"]);
    expect(shop.book.total.written).toBe(2);
    expect(shop.log.of("unit-committed")).toHaveLength(1);
  });

  test("waits on when the positions cannot be read either", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("commit", "lost");
    shop.sink.plan("progress", away);
    shop.send(["1"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1"]);
    expect(shop.log.of("retrying")).toHaveLength(2);
  });

  test("does not take for its own what somebody else has taken over, though it stands where it should", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("commit", "lost");
    shop.sink.gates.set("progress", () =>
      shop.sink.claim([{ split: "a.csv", origin: { ordinal: 0n, token: "0" } }]).then(() => {}),
    );
    shop.send(["1"]);
    expect(await shop.end()).toMatchObject({ kind: "failed", error: { code: "FENCED" } });
    expect(shop.sink.rows).toEqual(["1"]);
  });

  test("of one of several splits takes the unit as committed only if all are", async () => {
    const shop = new Workshop(sinkOf());
    shop.inbox.trySend(shop.deliveries.next(["1"]));
    shop.inbox.trySend(shop.deliveries.next(["2"], { split: "b.csv" }));
    shop.sink.plan("commit", away);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1", "2"]);
    expect(shop.sink.log.filter((call) => call === "commit")).toHaveLength(2);
  });

  test("gives up after retry.for and names the last failure", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("commit", ...Array.from({ length: 20 }, () => away));
    shop.send(["1"]);
    expect(await shop.end()).toMatchObject({
      kind: "failed",
      error: { code: "RETRIES_EXHAUSTED", message: expect.stringContaining("the server is away; tried") },
    });
    expect(shop.sink.rows).toEqual([]);
  });

  test("stops waiting when it is killed", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("commit", away);
    shop.send(["1"]);
    await shop.clock.advance(1000);
    shop.actor.kill("enough");
    expect(await shop.actor.wait()).toMatchObject({ kind: "killed", abandoned: false });
    expect(shop.sink.rows).toEqual([]);
  });
});

describe("Writer with positions in the state store", () => {
  const placed = async (shopOf: (placement: Placement, state: StateStore) => Workshop) => {
    const state = openMemoryStore();
    const origin = { ordinal: 0n, token: "0", line: 1 };
    await state.claim(key, [
      { split: "a.csv", origin },
      { split: "b.csv", origin },
    ]);
    const failing: StateStore = {
      ...state,
      async commit(...args) {
        const lost = mishaps.shift();
        if (lost !== "before") await state.commit(...args);
        if (lost !== undefined) throw new MillraceError("STATE_UNAVAILABLE", "the store is away");
      },
    };
    const mishaps: ("before" | "after")[] = [];
    return { shop: shopOf(placedInState(failing, key, null), failing), state, mishaps };
  };

  test.each(["before", "after"] as const)(
    "commits the rows once although the store fails %s it has taken the positions",
    async (moment) => {
      const sink = sinkOf();
      const { shop, state, mishaps } = await placed((placement) => new Workshop(sink, { placement }));
      mishaps.push(moment);
      shop.inbox.trySend(shop.deliveries.next(["1"], { rejected: [1] }));
      expect(await shop.end()).toEqual(normal);
      expect(sink.rows).toEqual(["1"]);
      expect(sink.log).toEqual(["fast", "write 1", "commit"]);
      expect(await state.progress(key, ["a.csv"])).toMatchObject([
        { position: { ordinal: 2n }, counts: { written: 1, rejected: 1 } },
      ]);
      expect(await state.listRejects({ job: "orders", limit: 10 })).toHaveLength(1);
      expect(shop.log.of("unit-committed")).toHaveLength(1);
    },
  );
});

describe("Writer with a place of its own for rejects", () => {
  test("appends each reject once, before the commit, however often the unit is sent", async () => {
    const sink = sinkOf();
    const calls: string[] = [];
    const store = {
      append: async (rejects: readonly Reject[]) => void calls.push(`${rejects.length} at ${sink.log.length}`),
    };
    const placement = placedWithData({ progress: (splits) => sink.progress(splits) }, apart(store));
    const shop = new Workshop(sink, { placement });
    sink.plan("commit", away, away);
    shop.inbox.trySend(shop.deliveries.next(["1"], { rejected: [1, 2] }));
    expect(await shop.end()).toEqual(normal);
    expect(calls).toEqual(["2 at 2"]);
    expect(sink.rejects).toEqual([]);
    expect(sink.rows).toEqual(["1"]);
  });

  test("appends again what the place itself refused for a moment, and adds what careful mode finds", async () => {
    const sink = sinkOf();
    const kept: Reject[] = [];
    let refusals = 1;
    const store = {
      append: async (rejects: readonly Reject[]) => {
        if (refusals-- > 0) throw away;
        kept.push(...rejects);
      },
    };
    sink.bad.add("2");
    const placement = placedWithData({ progress: (splits) => sink.progress(splits) }, apart(store));
    const shop = new Workshop(sink, { placement });
    shop.inbox.trySend(shop.deliveries.next(["1", "2"], { rejected: [2] }));
    expect(await shop.end()).toEqual(normal);
    expect(kept.map(({ position, stage }) => [position.ordinal, stage])).toEqual([
      [2n, "transform"],
      [1n, "write"],
    ]);
    expect(sink.rows).toEqual(["1"]);
  });
});

describe("Writer where a row is refused", () => {
  test("sends the unit again in careful mode, rejects the row and stays careful for two clean units", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.bad.add("2");
    for (const rows of [["1", "2"], ["3"], ["4"], ["5"]]) {
      shop.send(rows);
      await shop.clock.advance(1000);
    }
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1", "3", "4", "5"]);
    const modes = shop.sink.log.filter((call) => call === "fast" || call === "careful");
    expect(modes).toEqual(["fast", "careful", "careful", "careful", "fast"]);
    expect(shop.sink.rejects).toMatchObject([{ stage: "write", sink: "sink", position: { ordinal: 1n } }]);
    expect(shop.log.of("rejected")).toMatchObject([
      { stage: "write", sink: "sink", count: 1, message: "record 1 is bad" },
    ]);
    expect(shop.log.of("unit-committed").map(({ careful, added }) => [careful, added.rejected])).toEqual([
      [true, 1],
      [true, 0],
      [true, 0],
      [false, 0],
    ]);
    expect(shop.log.of("retrying")).toEqual([]);
    expect(shop.book.total).toMatchObject({ read: 5, written: 4, rejected: 1 });
  });

  test("stays careful for a while although careful mode found nothing", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("write", new MillraceError("ROW_REFUSED", "a row that is good the next time"));
    for (const rows of [["1"], ["2"], ["3"]]) {
      shop.send(rows);
      await shop.clock.advance(1000);
    }
    expect(await shop.end()).toEqual(normal);
    const modes = shop.sink.log.filter((call) => call === "fast" || call === "careful");
    expect(modes).toEqual(["fast", "careful", "careful", "fast"]);
    expect(shop.sink.rows).toEqual(["1", "2", "3"]);
  });

  test("becomes careful anew with every bad row", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.bad.add("1").add("3");
    for (const rows of [["1"], ["2"], ["3"], ["4"], ["5"], ["6"]]) {
      shop.send(rows);
      await shop.clock.advance(1000);
    }
    expect(await shop.end()).toEqual(normal);
    const modes = shop.sink.log.filter((call) => call === "fast" || call === "careful");
    expect(modes).toEqual(["fast", ...Array.from({ length: 5 }, () => "careful"), "fast"]);
  });

  test("closes where much was refused, so that a limit ends the run before all that it holds is looked at", async () => {
    const sink = sinkOf();
    const bad = Array.from({ length: 1000 }, (_, row) => `bad ${row}`);
    for (const row of bad) sink.bad.add(row);
    const limits = { maxRejects: 1500, maxRejectRate: 1, minRecords: 0 };
    const shop = new Workshop(sink, { commit: { bytes: 1_000_000, intervalMs: 1000 }, limits });
    shop.send(["good"], bad, bad, ["never"], bad);
    expect(await shop.end()).toMatchObject({
      kind: "failed",
      error: { code: "REJECT_LIMIT", message: "2000 of 2001 records were rejected; errors.maxRejects is 1500" },
    });
    expect(shop.log.of("unit-committed").map(({ chunks, added }) => [chunks, added.rejected])).toEqual([
      [2, 1000],
      [1, 1000],
    ]);
    expect(sink.rows).toEqual(["good"]);
  });

  test("keeps the bad row's reject when the careful commit's reply is lost", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.bad.add("2");
    shop.sink.plan("commit", "lost");
    shop.send(["1", "2"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1"]);
    expect(shop.sink.rejects).toHaveLength(1);
    expect(shop.book.total).toMatchObject({ read: 2, written: 1, rejected: 1 });
  });

  test("gives up when careful mode fails for a row as well", async () => {
    const shop = new Workshop(sinkOf());
    const refused = new MillraceError("ROW_REFUSED", "no row in particular");
    shop.sink.plan("commit", refused, refused);
    shop.send(["1"]);
    expect(await shop.end()).toEqual({ kind: "failed", error: refused });
  });
});

describe("Writer of a sink that must not be left midway", () => {
  test("takes more than the unit should have, and memory beyond the budget where the reader waits for it", async () => {
    const sink = sinkOf();
    sink.midwayBehind = "2";
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = budget.account("run");
    const held = account.tryReserve(100);
    const shop = new Workshop(sink, { commit: { bytes: 2, intervalMs: 1000 }, budget, account });
    shop.send(["1", "2"]);
    await shop.settle();
    expect(sink.log).toEqual(["fast", "write 2"]);
    const more = await account.reserve(50);
    shop.send(["3", "4"], ["5"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.log).toEqual(["fast", "write 2", "write 2", "commit", "fast", "write 1", "commit"]);
    for (const reservation of [held, more]) reservation?.release();
  });

  test("leaves the unit for the next run where this one is stopped", async () => {
    const sink = sinkOf();
    sink.midwayBehind = "2";
    const shop = new Workshop(sink, { commit: { bytes: 1, intervalMs: 1000 }, isComplete: () => false });
    shop.send(["1"], ["2"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.rows).toEqual(["1"]);
    expect(sink.log.at(-1)).toBe("rollback");
    expect([shop.deliveries.released, sink.openUnits]).toEqual([2, 0]);
  });

  test("takes more also when a unit that broke is sent again", async () => {
    const sink = sinkOf();
    sink.midwayBehind = "1";
    sink.plan("write", away);
    const shop = new Workshop(sink, { commit: { bytes: 1, intervalMs: 1000 } });
    shop.send(["1"], ["2"], ["3"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.log.filter((call) => call === "commit")).toHaveLength(2);
    expect(shop.committed.map(({ position }) => position.ordinal)).toEqual([2n, 3n]);
  });

  test("closes it there where nothing more comes at all", async () => {
    const sink = sinkOf();
    sink.midwayBehind = "1";
    const shop = new Workshop(sink, { commit: { bytes: 1, intervalMs: 1000 } });
    shop.send(["1"]);
    await shop.clock.advance(3_600_000);
    expect(sink.rows).toEqual([]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.rows).toEqual(["1"]);
  });
});

describe("Writer of a sink that answers late", () => {
  test("asks for the answers once a unit is closed, and rejects in any mode what they refuse", async () => {
    const sink = sinkOf();
    sink.answersLate = true;
    sink.bad.add("2").add("4");
    const shop = new Workshop(sink, { commit: { bytes: 100, intervalMs: 1000 } });
    shop.send(["1", "2"], [], ["3", "4"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.log).toEqual(["fast", "answers", "write 2", "write 2", "commit"]);
    expect(sink.rows).toEqual(["1", "3"]);
    expect(shop.book.total).toMatchObject({ read: 4, written: 2, rejected: 2 });
    expect(shop.log.of("unit-committed")).toMatchObject([{ careful: false, added: { written: 2, rejected: 2 } }]);
  });

  test("sends nothing again when only rejects and positions could not be kept: rows cannot be taken back", async () => {
    const sink = sinkOf();
    sink.answersLate = true;
    sink.bad.add("2");
    const state = openMemoryStore();
    const [claimed] = await state.claim(key, [{ split: "a.csv", origin: freshProgress("a.csv").position }]);
    const kept: Reject[] = [];
    const mishaps = { append: 2, commit: 2 };
    const store = {
      append: async (rejects: readonly Reject[]) => {
        if (mishaps.append-- > 0) throw away;
        kept.push(...rejects);
      },
    };
    const failing: StateStore = Object.assign(Object.create(state) as StateStore, {
      commit: async (...args: Parameters<StateStore["commit"]>) => {
        if (mishaps.commit-- > 0) throw away;
        await state.commit(...args);
      },
    });
    sink.progressRows.set("a.csv", claimed as Progress);
    const shop = new Workshop(sink, { placement: placedInState(failing, key, apart(store)) });
    shop.send(["1", "2"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.log).toEqual(["fast", "answers", "write 2", "commit"]);
    expect([sink.rows, kept.length]).toEqual([["1"], 1]);
    expect((await state.progress(key)).map(({ position, counts }) => [position.ordinal, counts.rejected])).toEqual([
      [2n, 1],
    ]);
  });

  test("sends a unit again when the answers do not come", async () => {
    const sink = sinkOf();
    sink.answersLate = true;
    sink.plan("write", away);
    const shop = new Workshop(sink);
    shop.send(["1"]);
    expect(await shop.end()).toEqual(normal);
    expect(sink.log).toEqual([
      "fast",
      "answers",
      "write 1",
      "rollback",
      "progress",
      "fast",
      "answers",
      "write 1",
      "commit",
    ]);
  });
});

describe("Writer after a fatal failure", () => {
  test("ends, and nothing later is written", async () => {
    const shop = new Workshop(sinkOf());
    const fenced = new MillraceError("FENCED", "somebody else writes now");
    shop.sink.plan("commit", fenced);
    shop.send(["1234567890"], ["2"]);
    expect(await shop.end()).toEqual({ kind: "failed", error: fenced });
    expect(shop.sink.rows).toEqual([]);
  });

  test("of a foreign kind says which sink's fault it is", async () => {
    const shop = new Workshop(sinkOf());
    shop.sink.plan("write", new TypeError("a mistake"));
    shop.send(["1"]);
    expect(await shop.end()).toMatchObject({
      kind: "failed",
      error: { code: "INVARIANT", message: "sink sink: a mistake" },
    });
  });

  test("ends when its mailbox is aborted", async () => {
    const shop = new Workshop(sinkOf());
    await shop.settle();
    const error = new MillraceError("SOURCE_FAILED", "the disk is gone");
    shop.inbox.abort(error);
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error });
  });
});

describe("Writer with limits", () => {
  const limits = { maxRejects: 2, maxRejectRate: 1, minRecords: 0 };

  test("commits the unit that passes the limit, then ends the run", async () => {
    const shop = new Workshop(sinkOf(), { limits, commit: { bytes: 1, intervalMs: 1000 } });
    for (let chunk = 0; chunk < 3; chunk++) shop.inbox.trySend(shop.deliveries.next(["1"], { rejected: [1, 2] }));
    expect(await shop.end()).toMatchObject({
      kind: "failed",
      error: { code: "REJECT_LIMIT", message: "4 of 6 records were rejected; errors.maxRejects is 2" },
    });
    expect(shop.sink.rejects).toHaveLength(4);
    expect(shop.log.of("unit-committed")).toHaveLength(2);
    expect(shop.deliveries.released).toBe(2);
  });

  test("commits nothing when an earlier process had passed the limit and died before it could say so", async () => {
    const counts = { read: 3, written: 0, filtered: 0, rejected: 3, folded: 0, emitted: 0, bytes: 0 };
    const sink = new ScriptedSink([{ ...freshProgress("a.csv"), position: { ordinal: 3n, token: "30" }, counts }]);
    const shop = new Workshop(sink, { limits });
    expect(await shop.end()).toMatchObject({ kind: "failed", error: { code: "REJECT_LIMIT" } });
    expect(shop.log.of("unit-committed")).toEqual([]);
  });

  test("counts what earlier processes of the run rejected", async () => {
    const counts = { read: 2, written: 0, filtered: 0, rejected: 2, folded: 0, emitted: 0, bytes: 0 };
    const sink = new ScriptedSink([
      freshProgress("a.csv"),
      { ...freshProgress("b.csv"), position: { ordinal: 2n, token: "20" }, counts },
    ]);
    const shop = new Workshop(sink, { limits });
    shop.inbox.trySend(shop.deliveries.next(["1"], { rejected: [1] }));
    expect(await shop.end()).toMatchObject({ error: { code: "REJECT_LIMIT" } });
  });
});

describe("Writer with two lanes", () => {
  test("fills the next unit while one commits, and commits strictly one after another", async () => {
    const shop = new Workshop(sinkOf(2));
    const gate = Promise.withResolvers<void>();
    shop.sink.gates.set("commit", () => gate.promise);
    shop.send(["1234567890"], ["abcdefghij"], ["x"]);
    await shop.settle();
    expect(shop.sink.log).toEqual(["fast", "write 1", "commit", "fast", "write 1"]);
    expect(shop.sink.openUnits).toBe(2);
    gate.resolve();
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1234567890", "abcdefghij", "x"]);
  });

  test("with one lane begins nothing before the commit is through", async () => {
    const shop = new Workshop(sinkOf(1));
    const gate = Promise.withResolvers<void>();
    shop.sink.gates.set("commit", () => gate.promise);
    shop.send(["1234567890"], ["abcdefghij"]);
    await shop.settle();
    expect(shop.sink.log).toEqual(["fast", "write 1", "commit"]);
    gate.resolve();
    expect(await shop.end()).toEqual(normal);
  });

  test("mends both units when both broke", async () => {
    const shop = new Workshop(sinkOf(2));
    shop.sink.plan("commit", away);
    shop.sink.plan("write", null, away);
    shop.send(["1234567890"], ["abcdefghij"]);
    expect(await shop.end()).toEqual(normal);
    expect(shop.sink.rows).toEqual(["1234567890", "abcdefghij"]);
    expect(shop.sink.openUnits).toBe(0);
  });

  test("ends with the failure of a commit although nothing more comes", async () => {
    const shop = new Workshop(sinkOf(2));
    const fenced = new MillraceError("FENCED", "somebody else writes now");
    shop.sink.plan("commit", fenced);
    shop.send(["1234567890"]);
    await shop.settle();
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error: fenced });
  });

  test("does not end while a commit is under way, so that none is told behind its back", async () => {
    const shop = new Workshop(sinkOf(2));
    const gate = Promise.withResolvers<void>();
    shop.sink.gates.set("commit", () => gate.promise);
    shop.send(["1234567890"]);
    await shop.settle();
    const error = new MillraceError("SOURCE_FAILED", "the disk is gone");
    shop.inbox.abort(error);
    let ended = false;
    void shop.actor.wait().then(() => (ended = true));
    await shop.settle();
    expect(ended).toBe(false);
    gate.resolve();
    expect(await shop.actor.wait()).toEqual({ kind: "failed", error });
    expect(shop.log.of("unit-committed")).toHaveLength(1);
  });
});
