import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { ObjectPool } from "../../../src/runtime/object-pool.ts";
import type { ObjectPoolOptions, PoolLeak } from "../../../src/runtime/object-pool-options.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { collectGarbageUntil } from "../../support/collect-garbage.ts";

interface Thing {
  readonly id: number;
  readonly destroyed?: boolean;
}

/** A pool of numbered things that notes what happens to them. */
function poolOfThings(options: Partial<ObjectPoolOptions<Thing>> = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const errors: [unknown, string][] = [];
  let made = 0;
  const pool = new ObjectPool<Thing>({
    name: "things",
    create: () => ({ id: ++made }),
    reset: ({ id }) => void log.push(`reset ${id}`),
    destroy: ({ id }) => void log.push(`destroy ${id}`),
    max: 2,
    clock,
    onError: (error, step) => void errors.push([error, step]),
    ...options,
  });
  return { pool, clock, log, errors };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const code = (code: string) => expect.objectContaining({ code });

describe("ObjectPool.acquire()", () => {
  test("makes objects as they are needed and lends a returned one again", async () => {
    const { pool, log } = poolOfThings();
    const first = await pool.acquire();
    expect(first.value.id).toBe(1);
    await first.release();
    const again = await pool.acquire();
    expect(again.value.id).toBe(1);
    expect(log).toEqual(["reset 1"]);
    expect(pool.stats).toEqual({ size: 1, idle: 0, inUse: 1, waiting: 0, created: 1, destroyed: 0, hits: 1 });
  });

  test("lends the object returned last, so that the surplus goes idle", async () => {
    const { pool } = poolOfThings();
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await second.release();
    await first.release();
    expect((await pool.acquire()).value.id).toBe(1);
  });

  test("waits in order when all are lent", async () => {
    const { pool } = poolOfThings({ max: 1 });
    const order: string[] = [];
    const work = async (name: string) => {
      await using _lease = await pool.acquire();
      order.push(name);
      await settled();
    };
    const all = ["a", "b", "c"].map((name) => work(name));
    await settled();
    expect(pool.stats).toMatchObject({ inUse: 1, waiting: 2 });
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "c"]);
    expect(pool.stats).toMatchObject({ size: 1, inUse: 0, waiting: 0, created: 1 });
  });

  test("gives what becomes free first to whoever waits longest, be it returned or new", async () => {
    const gate = Promise.withResolvers<void>();
    let made = 0;
    const { pool } = poolOfThings({
      create: async () => {
        const id = ++made;
        if (id === 2) await gate.promise;
        return { id };
      },
    });
    const first = await pool.acquire();
    const second = pool.acquire();
    const third = pool.acquire();
    await first.release();
    expect((await second).value.id).toBe(1);
    gate.resolve();
    expect((await third).value.id).toBe(2);
  });

  test("rejects with POOL_EXHAUSTED after its timeout and says how many wait", async () => {
    const { pool, clock } = poolOfThings({ max: 1 });
    const held = await pool.acquire();
    const late = pool.acquire({ timeoutMs: 100 });
    const patient = pool.acquire();
    const failure = expect(late).rejects.toThrow(
      'object pool "things": none of its 1 objects came free within 100 ms, 1 others wait',
    );
    await clock.advance(100);
    await failure;
    await expect(late).rejects.toMatchObject({ code: "POOL_EXHAUSTED", retryable: true });
    await held.release();
    expect((await patient).value.id).toBe(1);
  });

  test("leaves no timer behind when it was in time", async () => {
    const { pool, clock } = poolOfThings();
    await pool.acquire({ timeoutMs: 100, signal: new AbortController().signal });
    expect(clock.pendingTimers).toBe(0);
  });

  test("rejects with ABORTED and takes nothing", async () => {
    const { pool } = poolOfThings({ max: 1 });
    const held = await pool.acquire();
    const abort = new AbortController();
    const waiting = pool.acquire({ signal: abort.signal, timeoutMs: 1000 });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await held.release();
    expect(pool.stats).toMatchObject({ idle: 1, waiting: 0 });
  });

  test("lays up an object whose acquire gave up while it was made", async () => {
    const gate = Promise.withResolvers<Thing>();
    const { pool, clock } = poolOfThings({ create: () => gate.promise });
    const late = pool.acquire({ timeoutMs: 10 });
    const failure = expect(late).rejects.toMatchObject({ code: "POOL_EXHAUSTED" });
    await clock.advance(10);
    await failure;
    gate.resolve({ id: 7 });
    await settled();
    expect(pool.tryAcquire()?.value.id).toBe(7);
  });

  test("rejects with the failure of create, which takes no place", async () => {
    let attempts = 0;
    const { pool, errors } = poolOfThings({
      max: 1,
      create: () => {
        if (++attempts === 1) throw new TypeError("refused");
        return { id: attempts };
      },
    });
    await expect(pool.acquire()).rejects.toThrow("refused");
    expect(pool.stats).toMatchObject({ size: 0, created: 0 });
    expect((await pool.acquire()).value.id).toBe(2);
    expect(errors).toEqual([]);
  });

  test("tries again for each of several waiters when create fails", async () => {
    const { pool } = poolOfThings({ max: 1, create: () => Promise.reject(new TypeError("refused")) });
    const all = await Promise.allSettled([pool.acquire(), pool.acquire(), pool.acquire()]);
    expect(all.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(pool.stats).toMatchObject({ size: 0, waiting: 0 });
  });

  test("tells onError of a failed create that nobody waits for", async () => {
    const gate = Promise.withResolvers<Thing>();
    const { pool, errors } = poolOfThings({ create: () => gate.promise });
    const abort = new AbortController();
    const waiting = pool.acquire({ signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    const failure = new TypeError("refused");
    gate.reject(failure);
    await settled();
    expect(errors).toEqual([[failure, "create"]]);
  });

  test.each([
    ["synchronous", (valid: boolean) => valid],
    ["asynchronous", (valid: boolean) => Promise.resolve(valid)],
  ])("destroys and replaces an object that is no longer valid, by a %s check", async (_kind, answer) => {
    const { pool, log } = poolOfThings({ validate: ({ id }) => answer(id !== 1) });
    await (await pool.acquire()).release();
    expect((await pool.acquire()).value.id).toBe(2);
    expect(log).toEqual(["reset 1", "destroy 1"]);
    expect(pool.stats).toMatchObject({ size: 1, destroyed: 1, hits: 0 });
  });

  test.each([
    [
      "throws",
      () => {
        throw new TypeError("broken pipe");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("broken pipe"))],
  ])("takes a check that %s for a no", async (_kind, validate) => {
    const { pool, errors } = poolOfThings({ max: 1, validate });
    await (await pool.acquire()).release();
    expect((await pool.acquire()).value.id).toBe(2);
    expect(errors).toEqual([[expect.objectContaining({ message: "broken pipe" }), "validate"]]);
  });

  test("asks what lay idle for how long it did", async () => {
    const asked: number[] = [];
    const { pool, clock } = poolOfThings({ validate: (_thing, idleMs) => asked.push(idleMs) > 0 });
    await (await pool.acquire()).release();
    await clock.advance(1_500);
    await pool.acquire();
    expect(asked).toEqual([1_500]);
  });

  test("lets what was made at once end one after another, within the lifetime", async () => {
    let share = 0;
    const { pool, clock, log } = poolOfThings({ max: 2, maxLifetimeMs: 1_000, random: () => (share = 1 - share) });
    const both = [await pool.acquire(), await pool.acquire()];
    for (const lease of both) await lease.release();
    await clock.advance(900);
    expect(log.slice(2)).toEqual(["destroy 1"]);
    await clock.advance(100);
    expect(log.slice(2)).toEqual(["destroy 1", "destroy 2"]);
  });
});

describe("ObjectPool.tryAcquire()", () => {
  test("lends an idle object, else nothing", async () => {
    const { pool } = poolOfThings();
    expect(pool.tryAcquire()).toBeUndefined();
    await (await pool.acquire()).release();
    expect(pool.tryAcquire()?.value.id).toBe(1);
    expect(pool.tryAcquire()).toBeUndefined();
  });

  test("passes over objects that are not valid", async () => {
    const { pool } = poolOfThings({ validate: ({ id }) => id === 1 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await first.release();
    await second.release();
    expect(pool.tryAcquire()?.value.id).toBe(1);
    await settled();
    expect(pool.stats).toMatchObject({ size: 1, destroyed: 1 });
  });

  test("leaves an object idle whose check is asynchronous", async () => {
    const { pool } = poolOfThings({ validate: () => Promise.resolve(true) });
    await (await pool.acquire()).release();
    expect(pool.tryAcquire()).toBeUndefined();
    await settled();
    expect(pool.stats).toMatchObject({ idle: 1, size: 1 });
  });
});

describe("Lease", () => {
  test("release() a second time is an error and changes nothing", async () => {
    const { pool } = poolOfThings();
    const lease = await pool.acquire();
    await lease.release();
    expect(() => lease.release()).toThrow(code("DOUBLE_RELEASE"));
    expect(() => lease.discard()).toThrow(code("DOUBLE_RELEASE"));
    expect(() => lease.value).toThrow(code("INVARIANT"));
    expect(pool.stats).toMatchObject({ idle: 1, inUse: 0 });
  });

  test("goes back at the end of a `using` or `await using` block, unless it is back already", async () => {
    const { pool, log } = poolOfThings();
    {
      using _lease = await pool.acquire();
    }
    await settled();
    {
      await using lease = await pool.acquire();
      await lease.release();
    }
    {
      using lease = await pool.acquire();
      await lease.release();
    }
    expect(log).toEqual(["reset 1", "reset 1", "reset 1"]);
    expect(pool.stats).toMatchObject({ idle: 1, inUse: 0 });
  });

  test("discard() destroys the object and frees its place for who waits", async () => {
    const { pool, log, errors } = poolOfThings({ max: 1 });
    const lease = await pool.acquire();
    const next = pool.acquire();
    await lease.discard("connection lost");
    expect((await next).value.id).toBe(2);
    expect(log).toEqual(["destroy 1"]);
    expect(errors).toEqual([["connection lost", "discard"]]);
  });

  test("is lent to nobody before its asynchronous reset is done", async () => {
    const gate = Promise.withResolvers<void>();
    const { pool } = poolOfThings({ max: 1, reset: () => gate.promise });
    const released = (await pool.acquire()).release();
    expect(pool.tryAcquire()).toBeUndefined();
    expect(pool.stats).toMatchObject({ size: 1, idle: 0, inUse: 0 });
    gate.resolve();
    await released;
    expect(pool.stats.idle).toBe(1);
  });

  test("destroys an object whose reset fails; release() does not reject", async () => {
    const { pool, errors, log } = poolOfThings({ reset: () => Promise.reject(new TypeError("cannot reset")) });
    await (await pool.acquire()).release();
    expect(log).toEqual(["destroy 1"]);
    expect(errors).toEqual([[expect.objectContaining({ message: "cannot reset" }), "reset"]]);
    expect(pool.stats).toMatchObject({ size: 0 });
  });

  test("frees the place of an object whose destroy fails", async () => {
    const { pool, errors } = poolOfThings({ destroy: () => Promise.reject(new TypeError("cannot end")) });
    await (await pool.acquire()).discard();
    expect(errors).toEqual([[expect.objectContaining({ message: "cannot end" }), "destroy"]]);
    expect(pool.stats).toMatchObject({ size: 0, destroyed: 1 });
  });
});

describe("ObjectPool", () => {
  test("makes `initial` objects at once", async () => {
    const { pool } = poolOfThings({ initial: 2 });
    await settled();
    expect(pool.stats).toMatchObject({ size: 2, idle: 2, created: 2 });
  });

  test("destroys what was idle too long", async () => {
    const { pool, clock, log } = poolOfThings({ idleTimeoutMs: 1000 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await first.release();
    await clock.advance(600);
    await second.release();
    await clock.advance(400);
    expect(log).toEqual(["reset 1", "reset 2", "destroy 1"]);
    await clock.advance(600);
    expect(pool.stats).toMatchObject({ size: 0, destroyed: 2 });
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not lend an object beyond its lifetime", async () => {
    const { pool, clock, log } = poolOfThings({ maxLifetimeMs: 1000 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await first.release();
    await clock.advance(1000);
    expect(log).toEqual(["reset 1", "destroy 1"]);
    await second.release();
    expect(log.slice(2)).toEqual(["reset 2", "destroy 2"]);
  });

  test("reports a lease that nobody released, destroys its object and frees its place", async () => {
    const leaks: PoolLeak[] = [];
    const { pool, log } = poolOfThings({ max: 1, clock: systemClock, onLeak: (leak) => void leaks.push(leak) });
    await (async function forgetful() {
      await pool.acquire();
    })();
    const waiting = pool.acquire();
    await collectGarbageUntil(() => leaks.length > 0);
    expect(leaks).toEqual([{ pool: "things", acquiredAt: expect.any(String) }]);
    const next = await waiting;
    expect(next.value.id).toBe(2);
    expect(log).toEqual(["destroy 1"]);
    expect(pool.stats).toMatchObject({ size: 1, inUse: 1 });
    await next.release();
  });

  test("does not report a lease that was released before it became garbage", async () => {
    const leaks: PoolLeak[] = [];
    const { pool } = poolOfThings({ max: 2, clock: systemClock, onLeak: (leak) => void leaks.push(leak) });
    await (async function careful() {
      const [lease, broken] = [await pool.acquire(), await pool.acquire()];
      await Promise.all([lease.release(), broken.discard()]);
    })();
    await (async function forgetful() {
      await pool.acquire();
    })();
    await collectGarbageUntil(() => leaks.length > 0);
    expect(leaks).toHaveLength(1);
    expect(pool.stats).toMatchObject({ inUse: 0 });
  });

  test.each([{ max: 0 }, { max: Number.NaN }, { max: 1, initial: 2 }, { max: 1, initial: -1 }])(
    "cannot be made with %o",
    (options) => {
      expect(() => poolOfThings(options)).toThrow(code("INVARIANT"));
    },
  );
});

describe("ObjectPool.adjust()", () => {
  test("makes room for those who wait, and takes it away again as objects come back", async () => {
    const { pool, log } = poolOfThings({ max: 1 });
    const first = await pool.acquire();
    const waiting = [pool.acquire(), pool.acquire()];
    expect(pool.isExhausted).toBe(true);
    pool.adjust({ max: 4 });
    const [second, third] = (await Promise.all(waiting)) as [typeof first, typeof first];
    expect([pool.max, pool.isExhausted, pool.stats.size]).toEqual([4, false, 3]);
    await second.release();
    pool.adjust({ max: 1 });
    await settled();
    expect(log).toEqual(["reset 2", "destroy 2"]);
    await third.release();
    await first.release();
    expect(log.slice(2)).toEqual(["reset 3", "destroy 3", "reset 1"]);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1 });
  });

  test("holds what lies idle to other times", async () => {
    const { pool, log, clock } = poolOfThings();
    await (await pool.acquire()).release();
    pool.adjust({ max: 2, idleTimeoutMs: 500 });
    await clock.advance(500);
    expect(log).toEqual(["reset 1", "destroy 1"]);
  });
});

describe("ObjectPool.isExhausted", () => {
  test("tells whether an acquire would wait for somebody else", async () => {
    const { pool } = poolOfThings({ max: 2 });
    expect(pool.isExhausted).toBe(false);
    const making = pool.acquire();
    expect(pool.isExhausted).toBe(false);
    const [first] = [await making, await pool.acquire()];
    expect(pool.isExhausted).toBe(true);
    await first.release();
    expect(pool.isExhausted).toBe(false);
  });
});

describe("ObjectPool.close()", () => {
  test("rejects who waits and who comes, and waits for the leases", async () => {
    const { pool, log } = poolOfThings({ idleTimeoutMs: 1000 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    await first.release();
    const third = await pool.acquire();
    const waiting = pool.acquire();
    let closed = false;
    const closing = pool.close().then(() => (closed = true));
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "CLOSED" });
    await second.release();
    expect(closed).toBe(false);
    await third.release();
    await closing;
    expect(log.slice(1).sort()).toEqual(["destroy 1", "destroy 2", "reset 1", "reset 2"]);
    expect(pool.stats).toMatchObject({ size: 0, destroyed: 2 });
  });

  test("destroys idle objects, may be called twice, ends a `using` block", async () => {
    const { pool, log, clock } = poolOfThings({ idleTimeoutMs: 1000 });
    {
      await using closing = pool;
      await (await closing.acquire()).release();
    }
    await pool.close();
    expect(log).toEqual(["reset 1", "destroy 1"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("resolves at once when the pool is empty", async () => {
    await poolOfThings().pool.close();
  });

  test("tells create to stop and destroys what it makes nevertheless", async () => {
    const gate = Promise.withResolvers<Thing>();
    let signal: AbortSignal | undefined;
    const { pool, log } = poolOfThings({
      create: (given) => {
        signal = given;
        return gate.promise;
      },
    });
    const waiting = pool.acquire();
    const closing = pool.close();
    expect(signal?.aborted).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    gate.resolve({ id: 9 });
    await closing;
    expect(log).toEqual(["destroy 9"]);
  });
});
