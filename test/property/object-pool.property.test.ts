import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ObjectPool } from "../../src/runtime/object-pool.ts";
import type { Lease } from "../../src/runtime/pool-lease.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const MAX = 3;
const IDLE_TIMEOUT_MS = 1000;

type Step =
  | { readonly do: "acquire"; readonly createFails: boolean }
  | { readonly do: "tryAcquire" }
  | { readonly do: "release" | "discard" | "abort" | "spoil"; readonly pick: number }
  | { readonly do: "advance"; readonly delayMs: number }
  | { readonly do: "adjust"; readonly max: number };

const pick = fc.nat();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("acquire" as const), createFails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tryAcquire" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("discard" as const, "abort" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("spoil" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("adjust" as const), max: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("advance" as const), delayMs: fc.nat({ max: 1500 }) }) },
);

class Thing {
  valid = true;
  lent = false;
  destroyed = false;
}

interface Waiting {
  readonly number: number;
  readonly abort: AbortController;
}

/** A pool and what a borrower can see of it. */
class World {
  readonly clock = new FakeClock();
  readonly things: Thing[] = [];
  readonly leases: Lease<Thing>[] = [];
  readonly waiting: Waiting[] = [];
  readonly pool: ObjectPool<Thing>;
  #acquires = 0;
  #createFails = false;

  constructor(asynchronous: boolean) {
    const answer = <Value>(value: Value) => (asynchronous ? Promise.resolve(value) : value);
    this.pool = new ObjectPool<Thing>({
      name: "things",
      max: MAX,
      clock: this.clock,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      create: () => answer(this.#create()),
      validate: ({ valid }) => answer(valid),
      reset: (thing) => answer(expect(thing.destroyed).toBe(false)),
      destroy: (thing) => {
        expect(thing).toMatchObject({ destroyed: false, lent: false });
        thing.destroyed = true;
      },
    });
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "acquire":
        this.#createFails = step.createFails;
        this.#acquire();
        break;
      case "tryAcquire":
        this.#tryAcquire();
        break;
      case "adjust":
        this.pool.adjust({ max: step.max, idleTimeoutMs: IDLE_TIMEOUT_MS });
        break;
      case "advance":
        await this.clock.advance(step.delayMs);
        break;
      default:
        this.#touch(step.do, step.pick);
    }
    await this.clock.advance(0);
    this.#check();
  }

  async end(): Promise<void> {
    this.#createFails = false;
    while (this.leases.length > 0) {
      this.#touch("release", 0);
      await this.clock.advance(0);
    }
    this.#check();
    expect(this.waiting).toEqual([]);
    await this.pool.close();
    expect(this.things.every(({ destroyed }) => destroyed)).toBe(true);
    expect(this.pool.stats).toMatchObject({ size: 0, idle: 0, inUse: 0, waiting: 0 });
    expect(this.pool.stats.destroyed).toBe(this.pool.stats.created);
    expect(this.clock.pendingTimers).toBe(0);
  }

  #create(): Thing {
    if (this.#createFails) throw new RangeError("no more things");
    const thing = new Thing();
    this.things.push(thing);
    return thing;
  }

  #acquire(): void {
    const waiting = { number: this.#acquires++, abort: new AbortController() };
    this.waiting.push(waiting);
    this.pool.acquire({ signal: waiting.abort.signal }).then(
      (lease) => {
        expect(this.waiting[0]).toBe(waiting); // first come, first served
        this.waiting.shift();
        this.#hold(lease);
      },
      () => this.waiting.splice(this.waiting.indexOf(waiting), 1),
    );
  }

  #tryAcquire(): void {
    const lease = this.pool.tryAcquire();
    if (lease) this.#hold(lease);
  }

  #hold(lease: Lease<Thing>): void {
    expect(lease.value).toMatchObject({ valid: true, lent: false, destroyed: false });
    lease.value.lent = true;
    this.leases.push(lease);
  }

  #touch(what: "release" | "discard" | "abort" | "spoil", pick: number): void {
    if (what === "abort") {
      this.waiting[pick % Math.max(1, this.waiting.length)]?.abort.abort();
    } else if (what === "spoil") {
      const idle = this.things.filter(({ lent, destroyed }) => !lent && !destroyed);
      const thing = idle[pick % Math.max(1, idle.length)];
      if (thing) thing.valid = false;
    } else {
      const [lease] = this.leases.splice(pick % Math.max(1, this.leases.length), 1);
      if (lease === undefined) return;
      lease.value.lent = false;
      void lease[what]();
    }
  }

  #check(): void {
    const { size, idle, inUse, waiting, created, destroyed } = this.pool.stats;
    expect(size).toBeLessThanOrEqual(Math.max(this.pool.max, inUse));
    expect(size).toBe(idle + inUse);
    expect(size).toBe(created - destroyed);
    expect(inUse).toBe(this.leases.length);
    expect(waiting).toBe(this.waiting.length);
    expect(created).toBe(this.things.length);
    if (waiting > 0) expect(inUse).toBeGreaterThanOrEqual(this.pool.max); // nobody waits beside a free place
  }
}

describe("ObjectPool", () => {
  test.each([false, true])(
    "lends each object to one at a time, in order, and loses none (asynchronous: %s)",
    async (asynchronous) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
          const world = new World(asynchronous);
          for (const step of steps) await world.take(step);
          await world.end();
        }),
        { numRuns: 300 },
      );
    },
  );
});
