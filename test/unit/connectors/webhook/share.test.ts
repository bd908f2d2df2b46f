import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SpoolBell } from "../../../../src/connectors/webhook/bell.ts";
import { WebhookShare } from "../../../../src/connectors/webhook/share.ts";
import { MillraceError } from "../../../../src/core/errors.ts";
import type { SplitPlan } from "../../../../src/core/ports/source.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";
import { optionsOf } from "./options.ts";
import { readSome, TestSpool } from "./spool.ts";

const ID = 1_000n;

/** A share of a spool, as a process takes it now. */
async function shareOf(spool = new TestSpool(), clock = new FakeClock(1_000_000)) {
  const bell = new SpoolBell(clock);
  const ending = new AbortController();
  const { dropped } = await spool.size();
  const ownership = await spool.own();
  const options = optionsOf({ idempotencyFor: 1_000 });
  const share = new WebhookShare({ label: "webhook /x", options, spool, ownership, bell, clock, dropped });
  const split = share.splits[0] as SplitPlan;
  const open = (token = split.origin, ordinal = 0n, first = split) =>
    share.open(first, { ordinal, token }, ending.signal);
  return { spool, clock, bell, ending, share, split, open };
}

const texts = (read: readonly (readonly [string, string, string])[]): readonly string[] => read.map(([text]) => text);
const changed = (says: string) => ({ code: "SOURCE_CHANGED", message: expect.stringContaining(says) });

describe("A share of the spool", () => {
  test("gives every record from any place on, however much is read at once", async () => {
    const { spool, open } = await shareOf();
    await spool.send("1\n22\n", "\n", "333\n\n4444\r\n", "55555");
    const all = await readSome(await open(), 5);
    expect(all).toEqual([
      ["1", `${ID}:0`, `${ID}:1`],
      ["22", `${ID}:1`, `${ID + 1n}:0`],
      ["333", `${ID + 2n}:0`, `${ID + 2n}:1`],
      ["4444", `${ID + 2n}:1`, `${ID + 3n}:0`],
      ["55555", `${ID + 3n}:0`, `${ID + 4n}:0`],
    ]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 20 }), async (from, maxBytes) => {
        const rest = all.slice(from);
        const token = from === 0 ? "0:0" : (all[from - 1]?.[2] ?? "");
        expect(await readSome(await open(token, BigInt(from)), rest.length, maxBytes)).toEqual(rest);
      }),
    );
  });

  test("wakes its reader at once for what came here, and looks now and then for what came elsewhere", async () => {
    const { spool, clock, bell, ending, open } = await shareOf();
    const reader = await open();
    const here = readSome(reader, 1);
    await clock.advance(0);
    await spool.send("1");
    bell.ring();
    expect(texts(await here)).toEqual(["1"]);
    const elsewhere = readSome(reader, 1);
    await clock.advance(0);
    await spool.send("2");
    await clock.advance(250);
    expect(texts(await elsewhere)).toEqual(["2"]);
    const nothing = readSome(reader, 1);
    await clock.advance(60_000);
    ending.abort();
    expect(await nothing).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("goes on where it stood when the store was away", async () => {
    const { spool, open } = await shareOf();
    await spool.send("1", "2");
    const reader = await open();
    expect(texts(await readSome(reader, 1, 1))).toEqual(["1"]);
    spool.fault = new MillraceError("STATE_UNAVAILABLE", "away");
    await expect(readSome(reader, 1)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE", retryable: true });
    expect(texts(await readSome(reader, 1))).toEqual(["2"]);
  });

  test("lets go of what every sink has, and forgets keys in time", async () => {
    const { spool, clock, share, open } = await shareOf();
    await spool.send("1\n2", "3");
    await readSome(await open(), 3);
    expect(await share.lag()).toEqual(new Map([["spool", 3]]));
    share.committed("spool", { ordinal: 1n, token: `${ID}:1` });
    share.committed("spool", { ordinal: 2n, token: `${ID + 1n}:0` });
    await clock.advance(0);
    spool.fault = new MillraceError("STATE_UNAVAILABLE", "away");
    share.committed("spool", { ordinal: 3n, token: `${ID + 2n}:0` });
    await clock.advance(0);
    expect(await share.lag()).toEqual(new Map([["spool", 2]]));
    share.committed("spool", { ordinal: 3n, token: `${ID + 2n}:0` });
    await share[Symbol.asyncDispose]();
    expect(spool.trims).toEqual([`${ID - 1n} 999000`, `${ID} 999000`, `${ID + 1n} 999000`]);
    expect(await spool.size()).toMatchObject({ entries: 0 });
    expect(spool.owned).toBe(0);
  });

  test("drops what was committed and not dropped before a crash, and nothing when it is opened again", async () => {
    const { spool, clock, open } = await shareOf();
    await spool.send("1", "2", "3");
    await open(`${ID + 1n}:0`, 1n);
    await open(`${ID + 2n}:0`, 2n);
    await clock.advance(0);
    expect((await spool.read(0n, 100)).map(({ id }) => id)).toEqual([ID + 1n, ID + 2n]);
  });

  test("begins with what there is where positions were forgotten", async () => {
    const spool = new TestSpool();
    await spool.send("1", "2", "3");
    await spool.trim(ID, 0);
    const { open, split } = await shareOf(spool);
    expect(split).toMatchObject({ origin: `${ID + 1n}:0`, fingerprint: `${ID + 1n}:0` });
    expect(texts(await readSome(await open(), 2))).toEqual(["2", "3"]);
  });

  test("refuses a sink that was added when the others had what it lacks", async () => {
    const spool = new TestSpool();
    await spool.send("1", "2");
    const { split: seenFirst } = await shareOf(spool);
    await spool.trim(ID, 0);
    const { open, split } = await shareOf(spool);
    const asFirstSeen = { ...split, fingerprint: seenFirst.fingerprint ?? "" };
    await expect(open(split.origin, 0n, asFirstSeen)).rejects.toMatchObject(changed("a sink was added"));
    expect(texts(await readSome(await open(`${ID + 1n}:0`, 1n, asFirstSeen), 1))).toEqual(["2"]);
  });

  test("refuses positions of another store, of an old copy of a sink, and of another source", async () => {
    const spool = new TestSpool();
    await spool.send("1", "2");
    const { open } = await shareOf(spool);
    const reader = await open("7:0", 9n);
    await expect(readSome(reader, 1)).rejects.toMatchObject(changed("at request 7 of the spool"));
    await spool.trim(ID, 0);
    const later = await shareOf(spool);
    await expect(later.open(`${ID}:0`, 1n)).rejects.toMatchObject(changed("an old copy"));
    await expect(later.open("4096", 1n)).rejects.toMatchObject(changed("another kind of source"));
  });

  test("is over when another process reads", async () => {
    const { spool, share } = await shareOf();
    await share.confirm();
    spool.lost.abort();
    expect(share.revoked.aborted).toBe(true);
    await expect(share.confirm()).rejects.toMatchObject({ code: "ABORTED" });
  });
});
