/** What every store of schedules promises, whatever it is made of and whoever else asks it at the same time. */
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { NewSlot, SlotEnd, SlotRow, SlotTaking } from "../../src/core/ports/schedule-store.ts";
import type { StateStore } from "../../src/core/ports/state-store.ts";
import { changeOf, instantOf, intent, type Moment } from "./schedule-changes.ts";
import { ask, changed, EMPTY, listed, type ScheduleChange, type ScheduleState } from "./schedule-model.ts";

/** How the suite goes about it. */
export interface ScheduleSuite {
  /** Opens an empty store so often, as several processes do; one that cannot be opened twice is given again. */
  readonly open: (times: number) => Promise<readonly StateStore[]>;
  /** Random histories that are tried. */
  readonly histories: number;
  /** How often two ask for the same. */
  readonly rounds: number;
}

const JOB = "orders";
const NOON = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;
const PLAN = { fingerprint: "f", cursor: "1" };

/** The slot of an hour past noon. */
function slotAt(hour: number, change: Partial<NewSlot> = {}): NewSlot {
  const at = NOON + hour * HOUR;
  return { slot: new Date(at).toISOString(), at, state: "due", trigger: "cron", reason: null, ...change };
}

function taking(hour: number, attempt: number, change: Partial<SlotTaking> = {}): SlotTaking {
  return { job: JOB, slot: slotAt(hour).slot, attempt, alone: true, ...change };
}

function ending(hour: number, attempt: number, change: Partial<SlotEnd> = {}): SlotEnd {
  const { slot } = slotAt(hour);
  return { job: JOB, slot, attempt, state: "succeeded", reason: null, run: "run-1", now: NOON + HOUR, ...change };
}

/** Runs the suite against one implementation. */
export function describeScheduleStore(name: string, suite: ScheduleSuite): void {
  describe(`schedules in the ${name}`, () => {
    let opened: readonly StateStore[] = [];
    const open = async (times = 1): Promise<Pair> => {
      opened = await suite.open(times);
      const [first, last] = [opened[0], opened.at(-1)];
      if (first === undefined || last === undefined) throw new TypeError("no store was opened");
      return [first, last];
    };
    const one = async (): Promise<StateStore> => (await open())[0];
    afterEach(async () => {
      for (const store of opened) await store[Symbol.asyncDispose]();
      opened = [];
    });
    planning(one);
    adding(one);
    pausing(one);
    listing(one);
    takingAndEnding(one);
    retention(one);
    several(() => open(2), suite);
  });
}

type Open = () => Promise<StateStore>;
type Pair = readonly [StateStore, StateStore];

const all = (store: StateStore): Promise<readonly SlotRow[]> => store.listSlots({ limit: 1_000 });
const statesOf = async (store: StateStore): Promise<readonly string[]> => (await all(store)).map(({ state }) => state);

function planning(open: Open): void {
  test("planSlots() keeps the cursor and every field of the slots behind it", async () => {
    const store = await open();
    expect(await store.findSchedule(JOB)).toBeUndefined();
    const missed = slotAt(0, { state: "missed", reason: "nobody was up", slot: "2026-11-22T12:00:00+00:00" });
    expect(await store.planSlots(JOB, null, PLAN, [missed, slotAt(1)], NOON + 1)).toBe(true);
    expect(await store.findSchedule(JOB)).toStrictEqual({ job: JOB, ...PLAN, paused: null });
    const kept = { job: JOB, run: null, attempt: 0, plannedAt: NOON + 1 };
    expect(await all(store)).toStrictEqual([
      { ...slotAt(1), ...kept, endedAt: null },
      { ...missed, ...kept, endedAt: NOON + 1 },
    ]);
  });

  test("planSlots() moves only the cursor that was read", async () => {
    const store = await open();
    expect(await store.planSlots(JOB, "1", PLAN, [slotAt(1)], NOON)).toBe(false);
    expect(await store.findSchedule(JOB)).toBeUndefined();
    await store.planSlots(JOB, null, PLAN, [], NOON);
    const next = { fingerprint: "g", cursor: "2" };
    for (const from of [null, "2"]) expect(await store.planSlots(JOB, from, next, [slotAt(1)], NOON)).toBe(false);
    expect(await store.findSchedule(JOB)).toMatchObject(PLAN);
    expect(await all(store)).toEqual([]);
    expect(await store.planSlots(JOB, "1", next, [slotAt(1)], NOON)).toBe(true);
    expect(await store.findSchedule(JOB)).toMatchObject(next);
    expect(await store.findSchedule("other")).toBeUndefined();
  });

  test("planSlots() leaves a slot that is kept as it is, and takes one that is named twice once", async () => {
    const store = await open();
    await store.planSlots(JOB, null, PLAN, [slotAt(1), slotAt(1, { trigger: "again" })], NOON);
    await store.takeSlot(taking(1, 0));
    await store.endSlot(ending(1, 1));
    const before = await all(store);
    await store.planSlots(JOB, "1", PLAN, [slotAt(1, { state: "missed", reason: "again" }), slotAt(2)], NOON + 9);
    expect((await all(store)).slice(1)).toStrictEqual(before);
    expect(before).toMatchObject([{ trigger: "cron", state: "succeeded" }]);
  });
}

function adding(open: Open): void {
  test("addSlots() keeps slots of a job that has no schedule, due whatever they say", async () => {
    const store = await open();
    const given = [slotAt(1, { state: "missed", trigger: "backfill" }), slotAt(2), slotAt(1, { trigger: "again" })];
    await store.addSlots(JOB, given, NOON);
    await store.addSlots(JOB, [], NOON);
    expect(await all(store)).toMatchObject([
      { state: "due", trigger: "cron", endedAt: null },
      { state: "due", trigger: "backfill", endedAt: null, attempt: 0 },
    ]);
    expect(await store.findSchedule(JOB)).toBeUndefined();
  });

  test.each(["failed", "missed", "skipped", "cancelled"] as const)(
    "addSlots() has a slot that has %s due again",
    async (state) => {
      const store = await open();
      await store.addSlots(JOB, [slotAt(1)], NOON);
      await store.takeSlot(taking(1, 0));
      await store.endSlot(ending(1, 1, { state, reason: "why" }));
      await store.addSlots(JOB, [slotAt(1, { trigger: "backfill", at: 7 })], NOON + 2);
      expect(await all(store)).toStrictEqual([
        {
          ...slotAt(1, { trigger: "backfill" }),
          ...{ job: JOB, run: "run-1", attempt: 1, plannedAt: NOON + 2, endedAt: null },
        },
      ]);
      expect(await store.takeSlot(taking(1, 0))).toBe(false);
      expect(await store.takeSlot(taking(1, 1))).toBe(true);
    },
  );

  test.each(["due", "started", "succeeded"] as const)("addSlots() leaves a slot that is %s alone", async (state) => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1)], NOON);
    if (state !== "due") await store.takeSlot(taking(1, 0));
    if (state === "succeeded") await store.endSlot(ending(1, 1));
    const before = await all(store);
    expect(before).toMatchObject([{ state }]);
    await store.addSlots(JOB, [slotAt(1, { trigger: "backfill", reason: "again" })], NOON + 2);
    expect(await all(store)).toStrictEqual(before);
  });
}

function pausing(open: Open): void {
  test("pauseSchedule() pauses a job without a schedule, which planning leaves paused, and lets it go on", async () => {
    const store = await open();
    await store.pauseSchedule(JOB, null);
    expect(await store.findSchedule(JOB)).toBeUndefined();
    await store.pauseSchedule(JOB, "stopped by hand");
    const paused = { job: JOB, fingerprint: null, cursor: null, paused: "stopped by hand" };
    expect(await store.findSchedule(JOB)).toStrictEqual(paused);
    expect(await store.planSlots(JOB, null, PLAN, [slotAt(1)], NOON)).toBe(true);
    expect(await store.findSchedule(JOB)).toStrictEqual({ ...paused, ...PLAN });
    await store.pauseSchedule(JOB, "failed");
    expect(await store.findSchedule(JOB)).toMatchObject({ ...PLAN, paused: "failed" });
    await store.pauseSchedule(JOB, null);
    expect(await store.findSchedule(JOB)).toStrictEqual({ job: JOB, ...PLAN, paused: null });
  });

  test("forgetSchedule() drops the cursor and what has not succeeded, of this job alone, and keeps it paused", async () => {
    const store = await open();
    for (const job of [JOB, "paused", "other"]) {
      await store.planSlots(job, null, PLAN, [slotAt(1), slotAt(2), slotAt(3, { state: "missed" })], NOON);
      await store.takeSlot(taking(1, 0, { job }));
      await store.endSlot(ending(1, 1, { job }));
      await store.takeSlot(taking(2, 0, { job }));
    }
    await store.pauseSchedule("paused", "why");
    await store.forgetSchedule(JOB);
    await store.forgetSchedule("paused");
    await store.forgetSchedule("unknown");
    expect(await store.findSchedule(JOB)).toBeUndefined();
    expect(await store.findSchedule("paused")).toMatchObject({ fingerprint: null, cursor: null, paused: "why" });
    expect(await store.findSchedule("other")).toMatchObject(PLAN);
    for (const job of [JOB, "paused"])
      expect(await store.listSlots({ job, limit: 9 })).toMatchObject([{ state: "succeeded", slot: slotAt(1).slot }]);
    expect(await store.listSlots({ job: "other", limit: 9 })).toHaveLength(3);
    expect(await store.endSlot(ending(2, 1))).toBe(false);
    expect(await store.planSlots(JOB, null, PLAN, [slotAt(1), slotAt(2)], NOON)).toBe(true);
    expect(await store.listSlots({ job: JOB, limit: 9 })).toMatchObject([{ state: "due" }, { state: "succeeded" }]);
  });
}

function listing(open: Open): void {
  test("listSlots() gives the newest first or the oldest, by job, state and instant, up to the limit", async () => {
    const store = await open();
    // As they are planned, which is not the order of their instants.
    for (const job of [JOB, "b"])
      await store.planSlots(
        job,
        null,
        PLAN,
        [3, 1, 2].map((hour) => slotAt(hour, { slot: `${hour}` })),
        NOON,
      );
    await store.takeSlot(taking(2, 0, { slot: "2" }));
    await store.endSlot(ending(2, 1, { slot: "2" }));
    await store.takeSlot(taking(3, 0, { slot: "3" }));
    const names = async (filter: Partial<Parameters<StateStore["listSlots"]>[0]>) =>
      (await store.listSlots({ limit: 100, ...filter })).map(({ job, slot }) => `${job} ${slot}`);
    const orders = ["orders 3", "orders 2", "orders 1"];
    expect(await names({})).toEqual(["b 3", "orders 3", "b 2", "orders 2", "b 1", "orders 1"]);
    expect(await names({ job: JOB })).toEqual(orders);
    expect(await names({ limit: 2 })).toEqual(["b 3", "orders 3"]);
    expect(await names({ oldestFirst: true, limit: 3 })).toEqual((await names({})).toReversed().slice(0, 3));
    expect(await names({ job: JOB, before: NOON + 3 * HOUR })).toEqual(orders.slice(1));
    expect(await names({ job: JOB, before: NOON + 3 * HOUR + 1 })).toEqual(orders);
    expect(await names({ job: JOB, states: ["due"] })).toEqual(["orders 1"]);
    expect(await names({ states: ["due", "started"], limit: 4 })).toEqual(["b 3", "orders 3", "b 2", "b 1"]);
    expect(await names({ states: ["started", "succeeded"] })).toEqual(["orders 3", "orders 2"]);
    expect(await names({ states: [] })).toEqual([]);
    expect(await names({ job: "none" })).toEqual([]);
  });
}

function takingAndEnding(open: Open): void {
  test("takeSlot() starts a slot at the attempt that was read, and again one whose taker died", async () => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1)], NOON);
    for (const attempt of [-1, 1]) expect(await store.takeSlot(taking(1, attempt))).toBe(false);
    expect(await store.takeSlot(taking(1, 0))).toBe(true);
    expect(await all(store)).toMatchObject([{ state: "started", attempt: 1, endedAt: null }]);
    expect(await store.takeSlot(taking(1, 0))).toBe(false);
    expect(await store.takeSlot(taking(1, 1))).toBe(true);
    expect(await all(store)).toMatchObject([{ state: "started", attempt: 2 }]);
    expect(await store.endSlot(ending(1, 1))).toBe(false);
    expect(await statesOf(store)).toEqual(["started"]);
  });

  test("takeSlot() leaves alone what has ended, what nobody keeps, and other jobs", async () => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1)], NOON);
    await store.endSlot(ending(1, 0, { state: "cancelled" }));
    expect(await store.takeSlot(taking(1, 0))).toBe(false);
    expect(await store.takeSlot(taking(2, 0))).toBe(false);
    expect(await store.takeSlot(taking(1, 0, { job: "other" }))).toBe(false);
    expect(await statesOf(store)).toEqual(["cancelled"]);
  });

  test("takeSlot() takes one alone only while no other slot of the job is started", async () => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1), slotAt(2), slotAt(3)], NOON);
    await store.addSlots("other", [slotAt(1)], NOON);
    expect(await store.takeSlot(taking(1, 0))).toBe(true);
    expect(await store.takeSlot(taking(2, 0))).toBe(false);
    expect(await store.takeSlot(taking(2, 0, { alone: false }))).toBe(true);
    expect(await store.takeSlot(taking(1, 0, { job: "other" }))).toBe(true);
    expect(await store.endSlot(ending(1, 1))).toBe(true);
    expect(await store.takeSlot(taking(3, 0))).toBe(false);
    expect(await store.endSlot(ending(2, 1, { state: "due" }))).toBe(true);
    expect(await store.takeSlot(taking(3, 0))).toBe(true);
  });

  test("endSlot() hands a slot back at its attempt, for others to take", async () => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1)], NOON);
    await store.takeSlot(taking(1, 0));
    expect(await store.endSlot(ending(1, 1, { state: "due", reason: "stopped", run: null }))).toBe(true);
    expect(await all(store)).toMatchObject([{ state: "due", attempt: 1, reason: "stopped", run: null, endedAt: null }]);
    expect(await store.takeSlot(taking(1, 1))).toBe(true);
    expect(await store.endSlot(ending(1, 1))).toBe(false);
    expect(await store.endSlot(ending(1, 2))).toBe(true);
    expect(await all(store)).toMatchObject([
      { state: "succeeded", attempt: 2, reason: null, run: "run-1", endedAt: NOON + HOUR },
    ]);
  });

  test("endSlot() takes any reason, whatever it quotes", async () => {
    const store = await open();
    const reason = "VALUE_INVALID: \0 \uD800 na\u00EFve \u{1F600}";
    await store.addSlots(JOB, [slotAt(1, { reason })], NOON);
    await store.pauseSchedule(JOB, reason);
    expect(await store.endSlot(ending(1, 0, { state: "failed", reason }))).toBe(true);
    const kept = expect.stringMatching(/^VALUE_INVALID.* na\u00EFve \u{1F600}$/su);
    expect(await all(store)).toMatchObject([{ state: "failed", reason: kept }]);
    expect(await store.findSchedule(JOB)).toMatchObject({ paused: kept });
  });

  test("endSlot() ends a slot once, also one that nobody took", async () => {
    const store = await open();
    await store.addSlots(JOB, [slotAt(1)], NOON);
    expect(await store.endSlot(ending(1, 0, { state: "skipped", reason: "overlap", run: null }))).toBe(true);
    for (const state of ["succeeded", "due"] as const) expect(await store.endSlot(ending(1, 0, { state }))).toBe(false);
    expect(await store.endSlot(ending(2, 0))).toBe(false);
    expect(await all(store)).toMatchObject([{ state: "skipped", attempt: 0, reason: "overlap", run: null }]);
  });
}

function retention(open: Open): void {
  const keep = (runsBefore: number, limit = 100) => ({
    runsBefore: new Date(runsBefore).toISOString(),
    rejectsBefore: new Date(NOON).toISOString(),
    rejectBytes: 1024 ** 3,
    limit,
  });

  test("prune() drops slots that ended long ago, never an open one nor the newest of a job", async () => {
    const store = await open();
    const hours = [1, 2, 3, 4, 5];
    for (const job of [JOB, "other"])
      await store.planSlots(
        job,
        null,
        PLAN,
        hours.map((hour) => slotAt(hour)),
        NOON,
      );
    await store.takeSlot(taking(3, 0));
    for (const hour of [1, 2, 5]) await store.endSlot(ending(hour, 0, { state: "failed", now: NOON + hour * HOUR }));
    const left = async () => (await store.listSlots({ job: JOB, limit: 9 })).map(({ at }) => (at - NOON) / HOUR);
    expect(await store.prune(JOB, keep(NOON + HOUR))).toEqual({ runs: 0, rejects: 0, slots: 0 });
    expect(await store.prune(JOB, keep(NOON + HOUR + 1))).toEqual({ runs: 0, rejects: 0, slots: 1 });
    expect(await left()).toEqual([5, 4, 3, 2]);
    expect(await store.prune(JOB, keep(NOON + 99 * HOUR))).toEqual({ runs: 0, rejects: 0, slots: 1 });
    expect(await left()).toEqual([5, 4, 3]);
    expect(await store.listSlots({ job: "other", limit: 9 })).toHaveLength(5);
  });

  test("prune() drops only so many slots at once, those first that ended first", async () => {
    const store = await open();
    await store.addSlots(
      JOB,
      [1, 2, 3, 4].map((hour) => slotAt(hour)),
      NOON,
    );
    for (const [index, hour] of [3, 1, 2, 4].entries())
      await store.endSlot(ending(hour, 0, { state: "cancelled", now: NOON + index }));
    const hours = async () => (await all(store)).map(({ at }) => (at - NOON) / HOUR);
    expect(await store.prune(JOB, keep(NOON + HOUR, 2))).toMatchObject({ slots: 2 });
    expect(await hours()).toEqual([4, 2]);
    expect(await store.prune(JOB, keep(NOON + HOUR, 2))).toMatchObject({ slots: 1 });
    expect(await hours()).toEqual([4]);
  });
}

function several(
  both: () => Promise<readonly [StateStore, StateStore]>,
  { histories: runs, rounds }: ScheduleSuite,
): void {
  test("two that plan and take the same at once: one does", async () => {
    const stores = await both();
    const won = async (asked: (store: StateStore, index: number) => Promise<boolean>) =>
      (await Promise.all(stores.map(asked))).filter(Boolean).length;
    for (let round = 0, from: string | null = null; round < rounds; round++, from = String(round - 1)) {
      const [hour, other] = [2 * round, 2 * round + 1];
      const to = { fingerprint: "f", cursor: String(round) };
      const cursor: string | null = from;
      expect(await won((store) => store.planSlots(JOB, cursor, to, [slotAt(hour), slotAt(other)], NOON))).toBe(1);
      // By turns for the same slot, and for two that are to be alone.
      const wanted = round % 2 === 0 ? [hour, hour] : [hour, other];
      expect(await won((store, index) => store.takeSlot(taking(wanted[index] ?? hour, 0)))).toBe(1);
      const open = await stores[0].listSlots({ job: JOB, states: ["due", "started"], limit: 9 });
      expect(open.map(({ state }) => state).toSorted()).toEqual(["due", "started"]);
      for (const { at, attempt } of open)
        expect(await won((store) => store.endSlot(ending((at - NOON) / HOUR, attempt)))).toBe(1);
    }
    expect(await stores[1].listSlots({ states: ["due", "started"], limit: 9 })).toEqual([]);
  });

  test("whatever two ask, one after another or at once, is done as if in some order", async () => {
    const stores = await both();
    const step = fc.oneof(fc.tuple(intent), fc.tuple(intent, intent));
    const history = fc.array(step, { minLength: 10, maxLength: 25 });
    let histories = 0;
    const property = fc.asyncProperty(history, async (steps) => {
      const jobs = [`a${++histories}`, `b${histories}`] as const;
      let state = EMPTY;
      for (const [index, intents] of steps.entries()) {
        const moment = { state, jobs, now: instantOf(index) };
        const changes = intents.map((one) => changeOf(one, moment));
        // By turns each of the two is first.
        const asked = index % 2 === 0 ? stores : stores.toReversed();
        const answers = await Promise.all(changes.map((one, which) => ask(asked[which] as StateStore, one)));
        const found = { answers, ...(await keptOf(asked.at(-1) as StateStore, jobs)) };
        ({ state } = outcomeOf(moment, changes, found));
      }
    });
    await fc.assert(property, { numRuns: runs });
  });
}

/** What the store should hold by now. Whatever came at once may have been done in any order. */
function outcomeOf(
  { state, jobs }: Moment,
  changes: readonly ScheduleChange[],
  found: unknown,
): { state: ScheduleState } {
  const inOrder = inTurn(state, jobs, changes, [...changes.keys()]);
  const reversed = inTurn(state, jobs, changes, [...changes.keys()].toReversed());
  if (isDeepStrictEqual(found, reversed.found)) return reversed;
  expect(found).toStrictEqual(inOrder.found);
  return inOrder;
}

function inTurn(
  before: ScheduleState,
  jobs: readonly string[],
  changes: readonly ScheduleChange[],
  order: readonly number[],
) {
  const answers: (boolean | undefined)[] = changes.map(() => undefined);
  let state = before;
  for (const index of order) {
    const next = changed(state, changes[index] as ScheduleChange);
    answers[index] = next.answer;
    ({ state } = next);
  }
  const schedules = jobs.map((job) => state.schedules.find((one) => one.job === job));
  return { state, found: { answers, schedules, slots: jobs.map((job) => listed(state, job)) } };
}

async function keptOf(store: StateStore, jobs: readonly string[]) {
  const schedules = await Promise.all(jobs.map((job) => store.findSchedule(job)));
  return { schedules, slots: await Promise.all(jobs.map((job) => store.listSlots({ job, limit: 100 }))) };
}
