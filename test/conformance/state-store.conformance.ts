/** What every state store promises, whatever it is made of. */
import { afterEach, describe, expect, test } from "vitest";
import { NO_COUNTS, type Counts } from "../../src/core/ledger.ts";
import type { Advance, Claim, Progress } from "../../src/core/ports/sink.ts";
import type { LeaseOwner, RunFilter, RunRow, StateStore } from "../../src/core/ports/state-store.ts";
import type { Reject } from "../../src/core/reject.ts";

/** Makes an empty store; what it needs is given back with `afterEach`. */
export type MakeStore = () => Promise<StateStore>;

const KEY = { job: "orders", scope: "run-1", sink: "sink" };
const SCOPE = { job: KEY.job, scope: KEY.scope };

/** Counts of `read` records, all written. */
export function written(read: number): Counts {
  return { ...NO_COUNTS, read, written: read, emitted: read, bytes: read * 10 };
}

/** A claim of a split from its beginning. */
export function claimOf(split: string): Claim {
  return { split, origin: { ordinal: 0n, token: "0" } };
}

/** One step of a split, all of its records written. */
export function step(split: string, epoch: number, from: bigint, to: bigint): Advance {
  return { split, epoch, from, to: { ordinal: to, token: `byte-${to}` }, counts: written(Number(to)) };
}

/** A reject of the record at `ordinal`. */
export function rejectOf(change: Partial<Reject> = {}): Reject {
  return {
    job: KEY.job,
    run: "run-1",
    scope: KEY.scope,
    split: "a.csv",
    position: { ordinal: 3n, token: "120" },
    stage: "decode",
    code: "CSV_FIELD_COUNT",
    message: "expected 3 fields, found 2",
    raw: '1,"x"\n',
    rawEncoding: "utf8",
    attempts: 1,
    at: "2026-11-22T02:00:00.000Z",
    ...change,
  };
}

/** A run that goes on. */
export function runOf(id: string, change: Partial<RunRow> = {}): RunRow {
  return {
    id,
    job: "orders",
    scope: id,
    slot: null,
    params: "{}",
    trigger: "once",
    state: "running",
    startedAt: "2026-11-22T02:00:00.000Z",
    endedAt: null,
    columns: null,
    fingerprint: null,
    summary: null,
    ...change,
  };
}

function ownerOf(id: string): LeaseOwner {
  return { id, host: "host-1", pid: 4711, machine: "boot/pid:[1]", processStart: "99" };
}

function find(progress: readonly Progress[], split: string): Progress | undefined {
  return progress.find((one) => one.split === split);
}

/** Runs the suite against one implementation. */
export function describeStateStore(name: string, make: MakeStore): void {
  describe(name, () => {
    let opened: StateStore[] = [];
    const open = async (): Promise<StateStore> => {
      const store = await make();
      opened.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of opened) await store[Symbol.asyncDispose]();
      opened = [];
    });
    runs(open);
    leases(open);
    claims(open);
    commits(open);
    words(open);
    forgetting(open);
    rejects(open);
    retention(open);
    closing(open);
  });
}

function runs(open: MakeStore): void {
  describe("runs", () => {
    test("createRun() keeps every field", async () => {
      const store = await open();
      const full = runOf("1", {
        slot: "2026-11-22T02:00:00Z",
        params: '{"day":"1"}',
        endedAt: "2026-11-22T03:00:00.000Z",
        columns: { sink: ["id", "naïve \u{1F600}"] },
        fingerprint: "f",
        summary: '{"read":1}',
        state: "succeeded",
      });
      await store.createRun(full);
      await store.createRun(runOf("2"));
      expect(await store.findRun("1")).toEqual(full);
      expect(await store.findRun("2")).toEqual(runOf("2"));
      expect(await store.findRun("3")).toBeUndefined();
    });

    test("createRun() refuses an id that is taken and keeps the first run", async () => {
      const store = await open();
      await store.createRun(runOf("1"));
      await expect(store.createRun(runOf("1", { state: "failed" }))).rejects.toMatchObject({ code: "INVARIANT" });
      expect(await store.findRun("1")).toEqual(runOf("1"));
    });

    test("updateRun() changes only what it is given", async () => {
      const store = await open();
      await store.createRun(runOf("1", { summary: "s" }));
      await store.updateRun("1", { columns: { sink: ["id"] } });
      await store.updateRun("1", { state: "failed", endedAt: "2026-11-22T03:00:00.000Z" });
      await store.updateRun("1", {});
      expect(await store.findRun("1")).toEqual(
        runOf("1", { summary: "s", columns: { sink: ["id"] }, state: "failed", endedAt: "2026-11-22T03:00:00.000Z" }),
      );
      await store.updateRun("1", { state: "running", endedAt: null });
      expect(await store.findRun("1")).toMatchObject({ state: "running", endedAt: null });
    });

    test("updateRun() leaves a run that has succeeded as it is", async () => {
      const store = await open();
      await store.createRun(runOf("1", { state: "succeeded", summary: "s" }));
      await store.updateRun("1", { state: "failed", summary: "of a process that was superseded" });
      expect(await store.findRun("1")).toEqual(runOf("1", { state: "succeeded", summary: "s" }));
    });

    test("updateRun() names a run that is not stored", async () => {
      const store = await open();
      const refusal = { code: "RUN_NOT_FOUND", message: expect.stringContaining("no run nope") };
      await expect(store.updateRun("nope", { state: "failed" })).rejects.toMatchObject(refusal);
    });

    test("listRuns() gives the newest first, by job, up to the limit", async () => {
      const store = await open();
      for (const id of ["b", "a", "c"]) await store.createRun(runOf(id));
      await store.createRun(runOf("other", { job: "users" }));
      const ids = async (filter: { job?: string; limit: number }) => (await store.listRuns(filter)).map(({ id }) => id);
      expect(await ids({ job: "orders", limit: 10 })).toEqual(["c", "a", "b"]);
      expect(await ids({ job: "orders", limit: 2 })).toEqual(["c", "a"]);
      expect(await ids({ limit: 2 })).toEqual(["other", "c"]);
      expect(await ids({ job: "none", limit: 2 })).toEqual([]);
    });

    test("listRuns() filters by state, by what was made before a run, and by what ended after a moment", async () => {
      const store = await open();
      const ended = (second: number) => ({ state: "failed" as const, endedAt: `2026-11-22T03:00:0${second}.000Z` });
      await store.createRun(runOf("c", ended(3)));
      await store.createRun(runOf("a"));
      await store.createRun(runOf("b", { ...ended(1), state: "succeeded" }));
      await store.createRun(runOf("other", { job: "users", ...ended(2) }));
      const ids = async (filter: Omit<RunFilter, "limit">) =>
        (await store.listRuns({ limit: 10, ...filter })).map(({ id }) => id);
      expect(await ids({ states: ["failed"] })).toEqual(["other", "c"]);
      expect(await ids({ states: ["running", "succeeded"], job: "orders" })).toEqual(["b", "a"]);
      expect(await ids({ states: [] })).toEqual([]);
      expect(await ids({ before: "b" })).toEqual(["a", "c"]);
      expect(await ids({ before: "other", job: "orders", states: ["failed"] })).toEqual(["c"]);
      expect(await ids({ before: "c" })).toEqual([]);
      expect(await ids({ before: "unknown" })).toEqual([]);
      expect(await ids({ endedAfter: "2026-11-22T03:00:01.000Z" })).toEqual(["other", "c"]);
      expect(await ids({ endedAfter: "2026-11-22T03:00:00.999Z", before: "other" })).toEqual(["b", "c"]);
    });

    test("listRuns() filters by what makes two starts mean the same run", async () => {
      const store = await open();
      const slot = "2026-11-22T03:00:00Z";
      await store.createRun(runOf("a", { slot }));
      await store.createRun(runOf("b"));
      await store.createRun(runOf("c", { slot, params: '[["day","1"]]', state: "succeeded" }));
      await store.createRun(runOf("d", { slot, scope: "" }));
      await store.createRun(runOf("e", { slot: "2026-11-22T04:00:00Z" }));
      await store.createRun(runOf("other", { slot, job: "users" }));
      const ids = async (filter: Omit<RunFilter, "limit" | "job">) =>
        (await store.listRuns({ job: "orders", limit: 10, ...filter })).map(({ id }) => id);
      expect(await ids({ slot })).toEqual(["d", "c", "a"]);
      expect(await ids({ slot, states: ["succeeded"] })).toEqual(["c"]);
      expect(await ids({ slot: null })).toEqual(["b"]);
      expect(await ids({ slot, params: '[["day","1"]]' })).toEqual(["c"]);
      expect(await ids({ slot, params: "{}", shared: false })).toEqual(["a"]);
      expect(await ids({ shared: true })).toEqual(["d"]);
      expect(await ids({ slot: "none" })).toEqual([]);
    });
  });
}

function leases(open: MakeStore): void {
  describe("leases", () => {
    const [first, second] = [ownerOf("first"), ownerOf("second")];

    test("acquireLease() grants a free lease and refuses another owner until it has run out", async () => {
      const store = await open();
      const time = { now: 1000, ttlMs: 30_000 };
      expect(await store.acquireLease(SCOPE, first, time)).toEqual({ granted: true, until: 31_000 });
      const refused = { granted: false, owner: first, until: 31_000 };
      expect(await store.acquireLease(SCOPE, second, { now: 30_999, ttlMs: 30_000 })).toEqual(refused);
      expect(await store.acquireLease(SCOPE, second, { now: 31_000, ttlMs: 10 })).toEqual({
        granted: true,
        until: 31_010,
      });
      expect(await store.acquireLease(SCOPE, first, { now: 31_005, ttlMs: 10 })).toMatchObject({ owner: second });
    });

    test("acquireLease() renews for the same owner", async () => {
      const store = await open();
      await store.acquireLease(SCOPE, first, { now: 1000, ttlMs: 100 });
      expect(await store.acquireLease(SCOPE, first, { now: 1050, ttlMs: 100.5 })).toEqual({
        granted: true,
        until: 1151,
      });
      expect(await store.acquireLease(SCOPE, second, { now: 1150, ttlMs: 1 })).toMatchObject({ granted: false });
    });

    test("acquireLease() steals the lease of a dead owner", async () => {
      const store = await open();
      await store.acquireLease(SCOPE, first, { now: 1000, ttlMs: 30_000 });
      const stolen = await store.acquireLease(SCOPE, second, { now: 1001, ttlMs: 30_000 }, true);
      expect(stolen).toEqual({ granted: true, until: 31_001 });
      expect(await store.acquireLease(SCOPE, first, { now: 1002, ttlMs: 1 })).toMatchObject({ owner: second });
    });

    test("acquireLease() keeps jobs and scopes apart", async () => {
      const store = await open();
      const time = { now: 1, ttlMs: 1000 };
      await store.acquireLease(SCOPE, first, time);
      expect(await store.acquireLease({ ...SCOPE, scope: "other" }, second, time)).toMatchObject({ granted: true });
      expect(await store.acquireLease({ ...SCOPE, job: "other" }, second, time)).toMatchObject({ granted: true });
    });

    test("releaseLease() frees it for its owner and for nobody else", async () => {
      const store = await open();
      await store.acquireLease(SCOPE, first, { now: 1, ttlMs: 1000 });
      await store.releaseLease(SCOPE, second.id);
      expect(await store.acquireLease(SCOPE, second, { now: 2, ttlMs: 1 })).toMatchObject({ granted: false });
      await store.releaseLease(SCOPE, first.id);
      expect(await store.acquireLease(SCOPE, second, { now: 2, ttlMs: 1 })).toMatchObject({ granted: true });
    });

    test("findLease() tells who holds it without taking it, also when it has run out", async () => {
      const store = await open();
      expect(await store.findLease(SCOPE, 1)).toBeUndefined();
      await store.acquireLease(SCOPE, first, { now: 1000, ttlMs: 100 });
      expect(await store.findLease(SCOPE, 5000)).toEqual({ owner: first, until: 1100 });
      expect(await store.findLease({ ...SCOPE, job: "other" }, 1000)).toBeUndefined();
    });
  });
}

function claims(open: MakeStore): void {
  describe("claims", () => {
    test("claim() makes rows at their origin, in the order asked for", async () => {
      const store = await open();
      const origin = { ordinal: 0n, token: "17", line: 2 };
      const claimed = await store.claim(KEY, [{ split: "b", origin, fingerprint: "f" }, claimOf("a")]);
      expect(claimed).toStrictEqual([
        { split: "b", epoch: 1, position: origin, counts: NO_COUNTS, fingerprint: "f" },
        { split: "a", epoch: 1, position: { ordinal: 0n, token: "0" }, counts: NO_COUNTS },
      ]);
      expect(find(await store.progress(KEY), "b")).toStrictEqual(claimed[0]);
    });

    test("claim() raises the epoch of what is stored and keeps position, counts and fingerprint", async () => {
      const store = await open();
      await store.claim(KEY, [{ ...claimOf("a"), fingerprint: "old" }]);
      await store.commit(KEY, [step("a", 1, 0n, 5n)], []);
      const again = await store.claim(KEY, [{ ...claimOf("a"), fingerprint: "new" }, claimOf("b")]);
      const kept = { position: { ordinal: 5n, token: "byte-5" }, counts: written(5), fingerprint: "old" };
      expect(find(again, "a")).toStrictEqual({ split: "a", epoch: 2, ...kept });
      expect(find(again, "b")?.epoch).toBe(1);
      expect(await store.progress(KEY, ["a"])).toStrictEqual([find(again, "a")]);
    });

    test("claim() keeps jobs, scopes and sinks apart", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      for (const other of [
        { ...KEY, job: "x" },
        { ...KEY, scope: "x" },
        { ...KEY, sink: "x" },
      ]) {
        expect(await store.progress(other)).toEqual([]);
        expect(await store.claim(other, [claimOf("a")])).toMatchObject([{ epoch: 1 }]);
      }
      expect(await store.progress(KEY)).toMatchObject([{ epoch: 1 }]);
    });

    test("progress() gives the named splits that are stored, or all", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("c"), claimOf("a"), claimOf("b")]);
      const names = async (splits?: string[]) => (await store.progress(KEY, splits)).map(({ split }) => split);
      expect(await names()).toEqual(["a", "b", "c"]);
      expect(await names(["c", "nope", "a"])).toEqual(["c", "a"]);
      expect(await names([])).toEqual([]);
    });

    test("mirror() copies progress without comparing", async () => {
      const store = await open();
      const copy = { split: "a", epoch: 7, position: { ordinal: 9n, token: "t", line: 10 }, counts: written(9) };
      await store.mirror(KEY, [copy]);
      expect(await store.progress(KEY)).toStrictEqual([copy]);
      const earlier = {
        ...copy,
        epoch: 3,
        position: { ordinal: 2n, token: "u" },
        counts: written(2),
        fingerprint: "f",
      };
      await store.mirror(KEY, [earlier]);
      expect(await store.progress(KEY)).toStrictEqual([earlier]);
    });
  });
}

function commits(open: MakeStore): void {
  describe("compare-and-set", () => {
    test("commit() moves every split of the unit, with the rejects", async () => {
      const store = await open();
      await store.claim(KEY, [{ ...claimOf("a"), fingerprint: "f" }, claimOf("b"), claimOf("c")]);
      const to = { ordinal: 4n, token: "44", line: 6 };
      const counts = { read: 4, written: 1, filtered: 1, rejected: 1, folded: 1, emitted: 7, bytes: 99 };
      const partly = { split: "a", epoch: 1, from: 0n, to, counts };
      await store.commit(KEY, [partly, step("b", 1, 0n, 2n)], [rejectOf()]);
      expect(await store.progress(KEY)).toStrictEqual([
        { split: "a", epoch: 1, position: to, counts, fingerprint: "f" },
        { split: "b", epoch: 1, position: { ordinal: 2n, token: "byte-2" }, counts: written(2) },
        { split: "c", epoch: 1, position: { ordinal: 0n, token: "0" }, counts: NO_COUNTS },
      ]);
      expect(await store.listRejects({ job: KEY.job, limit: 10 })).toHaveLength(1);
    });

    test("commit() goes on from where the last one ended, and takes a split twice in one unit", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      await store.commit(KEY, [step("a", 1, 0n, 5n)], []);
      await store.commit(KEY, [step("a", 1, 5n, 6n), step("a", 1, 6n, 8n)], []);
      expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 8n }, counts: written(8) }]);
    });

    test("commit() keeps ordinals beyond 2^53", async () => {
      const store = await open();
      const far = 2n ** 53n + 1n;
      await store.claim(KEY, [claimOf("a")]);
      const counts = written(0);
      await store.commit(KEY, [{ split: "a", epoch: 1, from: 0n, to: { ordinal: far, token: "x" }, counts }], []);
      await store.commit(KEY, [{ split: "a", epoch: 1, from: far, to: { ordinal: far + 2n, token: "y" }, counts }], []);
      const off = { split: "a", epoch: 1, from: far + 1n, to: { ordinal: far + 9n, token: "z" }, counts };
      await expect(store.commit(KEY, [off], [])).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: far + 2n, token: "y" } }]);
    });

    const misses: readonly [string, Advance][] = [
      ["an older epoch", step("a", 1, 5n, 9n)],
      ["a later epoch", step("a", 3, 5n, 9n)],
      ["an ordinal that lies behind", step("a", 2, 4n, 9n)],
      ["an ordinal that lies ahead", step("a", 2, 6n, 9n)],
      ["the ordinal it would set", step("a", 2, 9n, 9n)],
      ["a split that nobody claimed", step("nope", 2, 0n, 1n)],
    ];
    test.each(misses)("commit() is fenced off with %s, and changes nothing", async (_, miss) => {
      const store = await open();
      await store.claim(KEY, [claimOf("a"), claimOf("b"), claimOf("c")]);
      await store.commit(KEY, [step("a", 1, 0n, 5n)], []);
      await store.claim(KEY, [claimOf("a"), claimOf("b"), claimOf("c")]);
      const before = await store.progress(KEY);
      const unit = [step("b", 2, 0n, 3n), miss, step("c", 2, 0n, 3n)];
      await expect(store.commit(KEY, unit, [rejectOf()])).rejects.toMatchObject({
        code: "FENCED",
        message: expect.stringContaining(`split ${miss.split}: expected epoch ${miss.epoch}, ordinal ${miss.from}`),
      });
      expect(await store.progress(KEY)).toStrictEqual(before);
      expect(await store.listRejects({ job: KEY.job, limit: 10 })).toEqual([]);
    });

    test("commit() is fenced off from another job, scope or sink that holds the split", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      for (const other of [
        { ...KEY, job: "x" },
        { ...KEY, scope: "x" },
        { ...KEY, sink: "x" },
      ]) {
        await expect(store.commit(other, [step("a", 1, 0n, 1n)], [])).rejects.toMatchObject({ code: "FENCED" });
      }
      expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 0n } }]);
    });

    test("commit() of neighbours stands when one among them is fenced off", async () => {
      const store = await open();
      const names = Array.from({ length: 20 }, (_, i) => `split-${i}`);
      await store.claim(KEY, names.map(claimOf));
      const settled = await Promise.allSettled(
        names.map((name, i) => store.commit(KEY, [step(name, i === 7 ? 2 : 1, 0n, 1n)], [])),
      );
      expect(settled.map(({ status }) => status).indexOf("rejected")).toBe(7);
      const moved = (await store.progress(KEY)).filter(({ position }) => position.ordinal === 1n);
      expect(moved).toHaveLength(19);
    });

    test("commit() lets exactly one of many that start from the same place through", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      const racers = Array.from({ length: 10 }, (_, i) => store.commit(KEY, [step("a", 1, 0n, BigInt(i + 1))], []));
      const settled = await Promise.allSettled(racers);
      expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });
  });
}

function words(open: MakeStore): void {
  const word = (name: string, text: string | null) => ({ name, word: text });

  describe("words", () => {
    test("commit() keeps them with the positions, and none of them when it is fenced off", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      await store.commit(KEY, [step("a", 1, 0n, 1n)], [], [word("part 1", "x"), word("part 0", "y")]);
      await store.commit(KEY, [step("a", 1, 1n, 2n)], [], [word("part 1", "z"), word("part 0", null)]);
      const stale = store.commit(KEY, [step("a", 1, 0n, 9n)], [], [word("part 1", "stale")]);
      await expect(stale).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.words(KEY)).toEqual([word("part 1", "z")]);
      expect(await store.words({ ...KEY, sink: "other" })).toEqual([]);
    });

    test("keepWords() keeps them without positions, in the order of their names", async () => {
      const store = await open();
      await store.keepWords(KEY, [word("b", "1"), word("ä", "2"), word("a", '"quoted"\n')]);
      await store.keepWords(KEY, [word("b", null), word("never", null)]);
      expect(await store.words(KEY)).toEqual([word("a", '"quoted"\n'), word("ä", "2")]);
    });

    test("keepWords() is fenced off once the split that stands for the sink was claimed again", async () => {
      const store = await open();
      const [claimed] = await store.claim(KEY, [claimOf("a")]);
      const owned = { key: KEY, split: "a", epoch: claimed?.epoch ?? 0 };
      const job = { ...KEY, scope: "@job" };
      await store.keepWords(job, [word("a", "1")], owned);
      await store.claim(KEY, [claimOf("a")]);
      for (const change of [[word("a", "2")], []]) {
        await expect(store.keepWords(job, change, owned)).rejects.toMatchObject({
          code: "FENCED",
          message: expect.stringContaining("expected epoch 1, but epoch 2 is stored"),
        });
      }
      const unknown = { ...owned, split: "b" };
      await expect(store.keepWords(job, [], unknown)).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.words(job)).toEqual([word("a", "1")]);
    });

    test("forget() drops those of its scope", async () => {
      const store = await open();
      const job = { ...KEY, scope: "@job" };
      for (const key of [KEY, job]) await store.keepWords(key, [word("a", "1")]);
      await store.forget(SCOPE);
      expect([await store.words(KEY), await store.words(job)]).toEqual([[], [word("a", "1")]]);
    });
  });
}

function forgetting(open: MakeStore): void {
  describe("forgetting", () => {
    test("forget() drops the progress of all sinks and the rejects of the scope, and nothing else", async () => {
      const store = await open();
      const otherSink = { ...KEY, sink: "archive" };
      const otherScope = { ...KEY, scope: "run-2" };
      for (const key of [KEY, otherSink, otherScope]) await store.claim(key, [claimOf("a")]);
      await store.addRejects([rejectOf(), rejectOf({ scope: "run-2", run: "run-2" })]);
      await store.forget(SCOPE);
      expect(await store.progress(KEY)).toEqual([]);
      expect(await store.progress(otherSink)).toEqual([]);
      expect(await store.progress(otherScope)).toHaveLength(1);
      expect(await store.listRejects({ job: KEY.job, limit: 10 })).toMatchObject([{ scope: "run-2" }]);
    });

    test("forget() of one sink drops its progress, words and own rejects, and fences off who held it", async () => {
      const store = await open();
      const archive = { ...KEY, sink: "archive" };
      for (const key of [KEY, archive]) {
        await store.claim(key, [claimOf("a")]);
        await store.keepWords(key, [{ name: "length", word: "1" }]);
      }
      await store.addRejects([rejectOf(), rejectOf({ sink: "sink" }), rejectOf({ sink: "archive" })]);
      await store.forget({ ...SCOPE, sink: "archive" });
      expect([await store.progress(archive), await store.words(archive)]).toEqual([[], []]);
      expect([(await store.progress(KEY)).length, (await store.words(KEY)).length]).toEqual([1, 1]);
      const left = await store.listRejects({ job: KEY.job, limit: 10 });
      expect(left.map(({ sink }) => sink)).toEqual([undefined, "sink"]);
      await expect(store.commit(archive, [step("a", 1, 0n, 1n)], [])).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.claim(archive, [claimOf("a")])).toMatchObject([{ epoch: 2 }]);
    });

    test("forget() leaves alone what a run that has succeeded wrote", async () => {
      const store = await open();
      await store.createRun(runOf(SCOPE.scope, { scope: SCOPE.scope, state: "succeeded" }));
      await store.claim(KEY, [claimOf("a")]);
      await expect(store.forget(SCOPE)).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.progress(KEY)).toHaveLength(1);
    });

    test("forget() fences off whoever held the splits", async () => {
      const store = await open();
      await store.claim(KEY, [claimOf("a")]);
      await store.claim(KEY, [claimOf("a")]);
      await store.forget(SCOPE);
      await expect(store.commit(KEY, [step("a", 2, 0n, 1n)], [])).rejects.toMatchObject({ code: "FENCED" });
      expect(await store.claim(KEY, [claimOf("a")])).toMatchObject([{ epoch: 3, position: { ordinal: 0n } }]);
      await store.forget(SCOPE);
      await store.forget(SCOPE);
      expect(await store.claim(KEY, [claimOf("b")])).toMatchObject([{ epoch: 4 }]);
    });

    test("forgetRun() drops the row of a run, and not of one that has succeeded", async () => {
      const store = await open();
      await store.createRun(runOf("run-1"));
      await store.createRun(runOf("run-2", { state: "succeeded" }));
      await store.forgetRun("run-1");
      await store.forgetRun("run-1");
      await expect(store.forgetRun("run-2")).rejects.toMatchObject({ code: "FENCED" });
      expect((await store.listRuns({ limit: 10 })).map(({ id }) => id)).toEqual(["run-2"]);
    });

    test("listPositions() gives all of a job by scope, sink and split, whatever their names", async () => {
      const store = await open();
      const names = ["a", "B", "\u00E9", "Z"];
      const keys = ["", "run-1"].flatMap((scope) => ["sink", "archive"].map((sink) => ({ job: KEY.job, scope, sink })));
      for (const key of keys) await store.claim(key, names.map(claimOf));
      await store.claim({ ...KEY, job: "other" }, [claimOf("a")]);
      await store.commit(KEY, [step("B", 1, 0n, 5n)], []);
      const kept = await store.listPositions(KEY.job);
      const wanted = ["", "run-1"].flatMap((scope) =>
        ["archive", "sink"].flatMap((sink) => names.toSorted().map((split) => ({ scope, sink, split }))),
      );
      expect(kept.map(({ scope, sink, split }) => ({ scope, sink, split }))).toEqual(wanted);
      expect(
        kept.find(({ scope, sink, split }) => scope === "run-1" && sink === "sink" && split === "B"),
      ).toMatchObject({
        epoch: 1,
        position: { ordinal: 5n },
        counts: { read: 5 },
      });
      for (const { updatedAt } of kept) expect(updatedAt === null || !Number.isNaN(Date.parse(updatedAt))).toBe(true);
    });
  });
}

function rejects(open: MakeStore): void {
  describe("rejects", () => {
    test("addRejects() keeps every field", async () => {
      const store = await open();
      const full = rejectOf({
        line: 12,
        sink: "sink",
        output: 0,
        stage: "write",
        position: { ordinal: 2n ** 53n + 1n, token: "" },
        raw: "\u0001 naïve \u{1F600}\r\n",
        attempts: 3,
      });
      const plain = rejectOf({ raw: "AAEC", rawEncoding: "base64" });
      await store.addRejects([full, plain]);
      const [first, second] = await store.listRejects({ job: KEY.job, limit: 10 });
      expect(first).toStrictEqual({ ...full, id: first?.id });
      expect(second).toStrictEqual({ ...plain, id: second?.id });
    });

    test("addRejects() takes the same reject twice as one and keeps the first", async () => {
      const store = await open();
      await store.addRejects([rejectOf({ message: "first" })]);
      await store.addRejects([rejectOf({ message: "again", run: "run-9", at: "2027-01-01T00:00:00.000Z" })]);
      await store.addRejects([rejectOf({ output: 1, sink: "s" }), rejectOf({ output: 1, sink: "s" })]);
      expect(await store.listRejects({ job: KEY.job, limit: 10 })).toMatchObject([{ message: "first" }, { output: 1 }]);
    });

    const differing: readonly [string, Partial<Reject>][] = [
      ["job", { job: "users" }],
      ["scope", { scope: "run-2" }],
      ["split", { split: "b.csv" }],
      ["token", { position: { ordinal: 3n, token: "121" } }],
      ["sink", { sink: "sink" }],
      ["output", { output: 0 }],
    ];
    test.each(differing)("addRejects() keeps rejects apart by their %s", async (_, change) => {
      const store = await open();
      await store.addRejects([rejectOf(), rejectOf(change)]);
      const jobs = await Promise.all(["orders", "users"].map((job) => store.listRejects({ job, limit: 10 })));
      expect(jobs.flat()).toHaveLength(2);
    });

    test("listRejects() pages in the order in which they came", async () => {
      const store = await open();
      const tokens = Array.from({ length: 7 }, (_, i) => String(i));
      await store.addRejects(tokens.map((token) => rejectOf({ position: { ordinal: BigInt(token), token } })));
      const pages: string[][] = [];
      for (let after: number | undefined; pages.length < 10; ) {
        const page = await store.listRejects({ job: KEY.job, limit: 3, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        after = page.at(-1)?.id;
        pages.push(page.map(({ position }) => position.token));
      }
      expect(pages).toEqual([["0", "1", "2"], ["3", "4", "5"], ["6"]]);
    });

    test("listRejects() filters by run", async () => {
      const store = await open();
      await store.addRejects([rejectOf(), rejectOf({ scope: "run-2", run: "run-2" })]);
      expect(await store.listRejects({ job: KEY.job, run: "run-2", limit: 10 })).toMatchObject([{ run: "run-2" }]);
      expect(await store.listRejects({ job: KEY.job, run: "run-3", limit: 10 })).toEqual([]);
    });
  });
}

function retention(open: MakeStore): void {
  const NOW = "2026-11-22T00:00:00.000Z";
  const OLD = "2026-08-01T00:00:00.000Z";
  const EVERYTHING = { runsBefore: NOW, rejectsBefore: NOW, rejectBytes: 0, limit: 100 };
  const NOTHING = { runsBefore: OLD, rejectsBefore: OLD, rejectBytes: 1024 ** 3, limit: 100 };
  const over = (id: string, change: Partial<RunRow> = {}): RunRow =>
    runOf(id, { state: "succeeded", startedAt: OLD, endedAt: OLD, ...change });
  const rejectAt = (token: string, at: string, change: Partial<Reject> = {}): Reject =>
    rejectOf({ position: { ordinal: 0n, token }, at, message: "", raw: "x".repeat(100), ...change });
  const idsOf = async (store: StateStore) =>
    (await store.listRuns({ job: KEY.job, limit: 10 })).map(({ id }) => id).toSorted();
  const tokensOf = async (store: StateStore) =>
    (await store.listRejects({ job: KEY.job, limit: 100 })).map(({ position }) => position.token);

  describe("retention", () => {
    test("prune() drops old runs that have succeeded, with progress and words of their scope", async () => {
      const store = await open();
      for (const id of ["old", "newest"]) {
        await store.createRun(over(id));
        await store.claim({ ...KEY, scope: id }, [claimOf("a")]);
        await store.keepWords({ ...KEY, scope: id }, [{ name: "part", word: id }]);
      }
      await store.createRun(over("other", { job: "users" }));
      expect(await store.prune(KEY.job, NOTHING)).toEqual({ runs: 0, rejects: 0, slots: 0 });
      expect(await store.prune(KEY.job, EVERYTHING)).toEqual({ runs: 1, rejects: 0, slots: 0 });
      expect(await idsOf(store)).toEqual(["newest"]);
      expect(await store.findRun("other")).toBeDefined();
      expect(await store.progress({ ...KEY, scope: "old" })).toEqual([]);
      expect(await store.words({ ...KEY, scope: "old" })).toEqual([]);
      expect(await store.progress({ ...KEY, scope: "newest" })).toHaveLength(1);
      expect(await store.words({ ...KEY, scope: "newest" })).toHaveLength(1);
      expect(await store.prune(KEY.job, EVERYTHING)).toEqual({ runs: 0, rejects: 0, slots: 0 });
    });

    test("prune() keeps runs that can be gone on with, and scopes that outlive a run", async () => {
      const store = await open();
      const states = ["running", "failed", "rejected", "interrupted"] as const;
      for (const state of states) await store.createRun(over(state, { state }));
      await store.createRun(over("incremental", { scope: "" }));
      await store.createRun(over("young", { endedAt: NOW }));
      await store.createRun(over("newest"));
      const kept = ["", "@job", ...states].map((scope) => ({ ...KEY, scope }));
      for (const key of kept) {
        await store.claim(key, [claimOf("a")]);
        await store.keepWords(key, [{ name: "part", word: "0" }]);
      }
      const unfinished = states.map((run, i) => rejectAt(String(i), OLD, { run, scope: run }));
      await store.addRejects(unfinished);
      expect(await store.prune(KEY.job, EVERYTHING)).toEqual({ runs: 1, rejects: 0, slots: 0 });
      expect(await store.findRun("incremental")).toBeUndefined();
      for (const key of kept) {
        expect(await store.progress(key)).toHaveLength(1);
        expect(await store.words(key)).toHaveLength(1);
      }
    });

    test("prune() drops rejects by age, and the oldest beyond the bytes that are kept", async () => {
      const store = await open();
      const days = ["01", "02", "03", "04"].map((day) => `2026-10-${day}T00:00:00.000Z`);
      // As they come, which is not in the order of their age.
      await store.addRejects([3, 0, 2, 1].map((i) => rejectAt(String(i), days[i] ?? "")));
      await store.addRejects([rejectAt("0", days[0] ?? "", { job: "users" })]);
      const keep = { ...NOTHING, rejectsBefore: days[1] ?? "" };
      expect(await store.prune(KEY.job, keep)).toEqual({ runs: 0, rejects: 1, slots: 0 });
      expect(await tokensOf(store)).toEqual(["3", "2", "1"]);
      expect(await store.prune(KEY.job, { ...keep, rejectBytes: 250 })).toEqual({ runs: 0, rejects: 1, slots: 0 });
      expect(await tokensOf(store)).toEqual(["3", "2"]);
      expect(await store.prune(KEY.job, { ...keep, rejectBytes: 200 })).toEqual({ runs: 0, rejects: 0, slots: 0 });
      expect(await store.listRejects({ job: "users", limit: 10 })).toHaveLength(1);
    });

    test("prune() leaves what a replay has taken alone", async () => {
      const store = await open();
      await store.addRejects([rejectAt("free", OLD), rejectAt("taken", OLD)]);
      const [, taken] = await store.listRejects({ job: KEY.job, limit: 2 });
      await store.takeRejects({ job: KEY.job, ids: [taken?.id ?? 0] }, "replay-1");
      expect(await store.prune(KEY.job, EVERYTHING)).toEqual({ runs: 0, rejects: 1, slots: 0 });
      expect(await tokensOf(store)).toEqual(["taken"]);
    });

    test("prune() does only so much at once, the oldest first", async () => {
      const store = await open();
      for (const id of ["1", "2", "3", "4"]) await store.createRun(over(id));
      await store.addRejects(["1", "2", "3", "4"].map((token) => rejectAt(token, OLD)));
      const some = { ...EVERYTHING, limit: 2 };
      expect(await store.prune(KEY.job, some)).toEqual({ runs: 2, rejects: 2, slots: 0 });
      expect(await idsOf(store)).toEqual(["3", "4"]);
      expect(await tokensOf(store)).toEqual(["3", "4"]);
      expect(await store.prune(KEY.job, some)).toEqual({ runs: 1, rejects: 2, slots: 0 });
      expect(await store.prune(KEY.job, some)).toEqual({ runs: 0, rejects: 0, slots: 0 });
    });
  });
}

function closing(open: MakeStore): void {
  test("dispose answers what is under way, refuses what comes later, and may be called twice", async () => {
    const store = await open();
    await store.claim(KEY, [claimOf("a")]);
    const last = store.commit(KEY, [step("a", 1, 0n, 1n)], []);
    const disposed = store[Symbol.asyncDispose]();
    await expect(last).resolves.toBeUndefined();
    await disposed;
    await store[Symbol.asyncDispose]();
    await expect(store.progress(KEY)).rejects.toMatchObject({ code: "CLOSED" });
  });
}
