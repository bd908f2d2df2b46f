/** What every store of spools promises, whatever it is made of and whoever else adds to it at the same time. */
import { afterEach, describe, expect, test } from "vitest";
import type { SpoolEntry, SpoolLimits, SpooledEntry } from "../../src/core/ports/spool.ts";
import type { StateStore } from "../../src/core/ports/state-store.ts";

/** How the suite goes about it. */
export interface SpoolSuite {
  /** Opens an empty store so often, as several processes do; one that cannot be opened twice is given again. */
  readonly open: (times: number) => Promise<readonly StateStore[]>;
  /** How many entries each of several add at the same time. */
  readonly rounds: number;
}

const JOB = "hooks";
const NOON = Date.UTC(2026, 10, 22, 12);
const WIDE: SpoolLimits = { bytes: 1_000_000, entries: 1_000 };
const START = 0n;
const END = 2n ** 62n;

/** An entry with a text for its body. */
export function entryOf(body: string, key: string | null = null, receivedAt = NOON): SpoolEntry {
  return { body: Buffer.from(body), key, receivedAt };
}

/** All that a spool holds behind an entry. */
export async function spooled(store: StateStore, job = JOB, after = START): Promise<readonly SpooledEntry[]> {
  return store.readSpool(job, after, Number.MAX_SAFE_INTEGER);
}

const textOf = ({ body }: SpooledEntry): string => Buffer.from(body).toString();
const texts = async (store: StateStore, job = JOB): Promise<readonly string[]> =>
  (await spooled(store, job)).map(textOf);

/** Runs the suite against one implementation. */
export function describeSpoolStore(name: string, suite: SpoolSuite): void {
  describe(`spools in the ${name}`, () => {
    let opened: readonly StateStore[] = [];
    const several = async (times: number): Promise<readonly StateStore[]> => (opened = await suite.open(times));
    const open = async (): Promise<StateStore> => {
      const [store] = await several(1);
      if (store === undefined) throw new TypeError("no store was opened");
      return store;
    };
    afterEach(async () => {
      for (const store of opened) await store[Symbol.asyncDispose]();
      opened = [];
    });
    adding(open);
    limits(open);
    reading(open);
    trimming(open);
    sharing(several, suite.rounds);
  });
}

type Open = () => Promise<StateStore>;

function adding(open: Open): void {
  test("addToSpool() keeps every byte, in the order of the entries", async () => {
    const store = await open();
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const added = await store.addToSpool(
      JOB,
      [entryOf("first"), { body: bytes, key: null, receivedAt: NOON + 1 }],
      WIDE,
    );
    expect(added).toEqual(["added", "added"]);
    expect(await store.addToSpool(JOB, [entryOf("third"), entryOf("")], WIDE)).toEqual(["added", "added"]);
    const [first, second, ...others] = await spooled(store);
    expect(first).toMatchObject({ receivedAt: NOON });
    expect(second?.receivedAt).toBe(NOON + 1);
    expect(Buffer.from(second?.body ?? [])).toEqual(Buffer.from(bytes));
    expect(others.map(textOf)).toEqual(["third", ""]);
    const ids = (await spooled(store)).map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, i) => (ids[0] ?? 0n) + BigInt(i)));
    expect(await store.spoolSize(JOB)).toMatchObject({ bytes: 266, entries: 4 });
    expect(await store.addToSpool(JOB, [], WIDE)).toEqual([]);
  });

  test("addToSpool() copies: what becomes of the sender's memory changes nothing", async () => {
    const store = await open();
    const memory = Buffer.from("..before..");
    await store.addToSpool(JOB, [{ body: memory.subarray(2, 8), key: null, receivedAt: NOON }], WIDE);
    memory.fill(0);
    expect(await texts(store)).toEqual(["before"]);
  });

  test("addToSpool() keeps jobs apart", async () => {
    const store = await open();
    await store.addToSpool(JOB, [entryOf("a", "k")], WIDE);
    expect(await store.addToSpool("other", [entryOf("b", "k")], WIDE)).toEqual(["added"]);
    await store.trimSpool("other", END, END_OF_TIME);
    expect(await texts(store)).toEqual(["a"]);
    expect(await store.spoolSize("other")).toMatchObject({ bytes: 0, entries: 0 });
    expect(await store.spoolSize("third")).toMatchObject({ bytes: 0, entries: 0 });
    expect(await spooled(store, "third")).toEqual([]);
  });

  test("addToSpool() takes what comes again under its key once, also within one call and once it was trimmed", async () => {
    const store = await open();
    const outcomes = await store.addToSpool(JOB, [entryOf("a", "1"), entryOf("b", "1"), entryOf("c", "2")], WIDE);
    expect(outcomes).toEqual(["added", "known", "added"]);
    const later = [entryOf("d", "2"), entryOf("e", "3"), entryOf("f"), entryOf("f")];
    expect(await store.addToSpool(JOB, later, WIDE)).toEqual(["known", "added", "added", "added"]);
    expect(await texts(store)).toEqual(["a", "c", "e", "f", "f"]);
    await store.trimSpool(JOB, END, NOON);
    expect(await store.addToSpool(JOB, later, WIDE)).toEqual(["known", "known", "added", "added"]);
    expect(await texts(store)).toEqual(["f", "f"]);
  });

  test("a new spool begins at the time, so that one that stands in for a lost one never gives an id again", async () => {
    const [one, another] = [entryOf("a", null, NOON), entryOf("b", null, NOON + 1)];
    const store = await open();
    await store.addToSpool("lost", Array<SpoolEntry>(500).fill(one), WIDE);
    await store.addToSpool("anew", [another], WIDE);
    const last = (await spooled(store, "lost")).at(-1);
    const [first] = await spooled(store, "anew");
    expect(Number(first?.id)).toBeGreaterThan(Number(last?.id));
  });
}

const END_OF_TIME = Number.MAX_SAFE_INTEGER;

function limits(open: Open): void {
  test("addToSpool() takes what there is room for, and what is known whether there is or not", async () => {
    const store = await open();
    const few: SpoolLimits = { bytes: 10, entries: 3 };
    const outcomes = await store.addToSpool(JOB, [entryOf("12345", "k"), entryOf("123456"), entryOf("12345")], few);
    expect(outcomes).toEqual(["added", "full", "added"]);
    expect(await store.addToSpool(JOB, [entryOf("1"), entryOf("12345", "k"), entryOf("")], few)).toEqual([
      "full",
      "known",
      "added",
    ]);
    expect(await store.addToSpool(JOB, [entryOf("")], few)).toEqual(["full"]);
    expect(await store.spoolSize(JOB)).toMatchObject({ bytes: 10, entries: 3 });
    const [first] = await spooled(store);
    await store.trimSpool(JOB, first?.id ?? 0n, 0);
    expect(await store.spoolSize(JOB)).toMatchObject({ bytes: 5, entries: 2 });
    expect(await store.addToSpool(JOB, [entryOf("123456"), entryOf("12345")], few)).toEqual(["full", "added"]);
  });

  test("addToSpool() forgets the key of an entry that there was no room for", async () => {
    const store = await open();
    expect(await store.addToSpool(JOB, [entryOf("12", "k")], { bytes: 1, entries: 1 })).toEqual(["full"]);
    expect(await store.addToSpool(JOB, [entryOf("12", "k")], WIDE)).toEqual(["added"]);
  });
}

function reading(open: Open): void {
  test("readSpool() gives entries behind one up to so many bytes, and one that is longer by itself", async () => {
    const store = await open();
    await store.addToSpool(
      JOB,
      ["123", "4567", "89", "0"].map((body) => entryOf(body)),
      WIDE,
    );
    const [first, second, third, fourth] = await spooled(store);
    const read = async (after: bigint, maxBytes: number) => (await store.readSpool(JOB, after, maxBytes)).map(textOf);
    expect(await read(START, 7)).toEqual(["123", "4567"]);
    expect(await read(START, 8)).toEqual(["123", "4567"]);
    expect(await read(START, 1)).toEqual(["123"]);
    expect(await read(first?.id ?? 0n, 1)).toEqual(["4567"]);
    expect(await read(second?.id ?? 0n, 100)).toEqual(["89", "0"]);
    expect(await read((third?.id ?? 0n) - 1n, 2)).toEqual(["89"]);
    expect(await read(fourth?.id ?? 0n, 100)).toEqual([]);
  });

  test("readSpool() comes to the end of many entries, call by call", async () => {
    const store = await open();
    const many = Array.from({ length: 12_000 }, (_, i) => entryOf(String(i)));
    await store.addToSpool(JOB, many, { bytes: 1_000_000, entries: 12_000 });
    const read: string[] = [];
    for (let after = START; ; ) {
      const entries = await store.readSpool(JOB, after, 1_000_000);
      read.push(...entries.map(textOf));
      const last = entries.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    expect(read).toEqual(many.map(({ body }) => Buffer.from(body).toString()));
  });
}

function trimming(open: Open): void {
  test("trimSpool() drops entries up to one, and gives no id a second time", async () => {
    const store = await open();
    await store.addToSpool(
      JOB,
      ["a", "b", "c"].map((body) => entryOf(body)),
      WIDE,
    );
    const [, second, third] = await spooled(store);
    await store.trimSpool(JOB, second?.id ?? 0n, NOON);
    await store.trimSpool(JOB, second?.id ?? 0n, NOON);
    expect(await texts(store)).toEqual(["c"]);
    expect(await store.spoolSize(JOB)).toEqual({ bytes: 1, entries: 1, dropped: second?.id });
    await store.trimSpool(JOB, END, NOON);
    expect(await store.spoolSize(JOB)).toEqual({ bytes: 0, entries: 0, dropped: third?.id });
    await store.trimSpool(JOB, second?.id ?? 0n, NOON);
    expect(await store.spoolSize(JOB)).toEqual({ bytes: 0, entries: 0, dropped: third?.id });
    await store.addToSpool(JOB, [entryOf("d")], WIDE);
    const [last] = await spooled(store, JOB, third?.id);
    expect(textOf(last ?? { id: 0n, body: new Uint8Array(), receivedAt: 0 })).toBe("d");
    expect(last?.id).toBe((third?.id ?? 0n) + 1n);
    await store.trimSpool("never", END, NOON);
    expect(await store.spoolSize("never")).toEqual({ bytes: 0, entries: 0, dropped: 0n });
  });

  test("trimSpool() forgets keys of dropped entries that are old enough, and no others", async () => {
    const store = await open();
    await store.addToSpool(
      JOB,
      [entryOf("a", "old", NOON), entryOf("b", "young", NOON + 1), entryOf("c", "kept", NOON)],
      WIDE,
    );
    const [, second] = await spooled(store);
    await store.trimSpool(JOB, second?.id ?? 0n, NOON + 1);
    const again = ["old", "young", "kept"].map((key) => entryOf("again", key, NOON + 2));
    expect(await store.addToSpool(JOB, again, WIDE)).toEqual(["added", "known", "known"]);
  });

  test("forget() leaves what was accepted where it is", async () => {
    const store = await open();
    await store.addToSpool(JOB, [entryOf("a", "k")], WIDE);
    await store.forget({ job: JOB, scope: "" });
    expect(await texts(store)).toEqual(["a"]);
    expect(await store.addToSpool(JOB, [entryOf("a", "k")], WIDE)).toEqual(["known"]);
  });
}

function sharing(several: (times: number) => Promise<readonly StateStore[]>, rounds: number): void {
  test("one that reads on behind what it has seen misses nothing that several add at once", async () => {
    const [reader, ...writers] = await several(4);
    if (reader === undefined) throw new TypeError("no store was opened");
    const bodies = writers.map((_, writer) => Array.from({ length: rounds }, (__, i) => `${writer}:${i}`));
    let done = false;
    const adding = Promise.all(
      writers.map(async (store, writer) => {
        for (const body of bodies[writer] ?? []) await store.addToSpool(JOB, [entryOf(body), entryOf(body)], WIDE);
      }),
    ).finally(() => (done = true));
    const read: string[] = [];
    for (let after = START, last = false; !last; ) {
      last = done;
      const entries = await reader.readSpool(JOB, after, Number.MAX_SAFE_INTEGER);
      read.push(...entries.map(textOf));
      after = entries.at(-1)?.id ?? after;
    }
    await adding;
    for (const [writer, sent] of bodies.entries()) {
      const mine = read.filter((body) => body.startsWith(`${writer}:`));
      expect(mine).toEqual(sent.flatMap((body) => [body, body]));
    }
  });

  test("several that add the same key at once add it once", async () => {
    const stores = await several(4);
    const keys = Array.from({ length: rounds }, (_, i) => `key-${i}`);
    const outcomes = await Promise.all(
      stores.map((store) => Promise.all(keys.map((key) => store.addToSpool(JOB, [entryOf(key, key)], WIDE)))),
    );
    expect(outcomes.flat(2).filter((outcome) => outcome === "added")).toHaveLength(rounds);
    expect((await texts(stores[0] as StateStore)).toSorted()).toEqual(keys.toSorted());
  });
}
