import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mapConcurrent } from "../../src/batch/index.ts";

/** A call's fate: the turns of the event loop that it takes, and whether it fails. */
const fate = fc.record({ turns: fc.nat(4), fails: fc.boolean() });
const settings = fc.record({
  fates: fc.array(fate, { maxLength: 40 }),
  concurrency: fc.integer({ min: 1, max: 8 }),
  ordered: fc.boolean(),
  chunkSize: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
  asynchronous: fc.boolean(),
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Items with a count of how many were asked for. */
class Asked<T> {
  count = 0;
  closed = false;
  readonly #items: readonly T[];

  constructor(items: readonly T[]) {
    this.#items = items;
  }

  *[Symbol.iterator](): Generator<T> {
    try {
      for (const item of this.#items) {
        this.count++;
        yield item;
      }
    } finally {
      this.closed = true;
    }
  }

  async *asynchronously(): AsyncGenerator<T> {
    for (const item of this) {
      await turns(1);
      yield item;
    }
  }
}

describe("mapConcurrent()", () => {
  test("gives what Array.map gives, without those that fail, and never has more under way", async () => {
    const property = fc.asyncProperty(settings, async ({ fates, concurrency, ordered, asynchronous }) => {
      let active = 0;
      let most = 0;
      const failed: unknown[] = [];
      const asked = new Asked(fates.entries().toArray());
      const work = async ([index, { turns: wait, fails }]: [number, { turns: number; fails: boolean }]) => {
        most = Math.max(most, ++active);
        await turns(wait);
        active--;
        if (fails) throw new RangeError(`no ${index}`);
        return index;
      };
      const onError = (error: Error, _item: unknown, index: number) => failed.push([error.message, index]);
      const results = mapConcurrent(asynchronous ? asked.asynchronously() : asked, work, {
        concurrency,
        ordered,
        onError,
      });
      const given = await results;
      const expected = fates.flatMap(({ fails }, index) => (fails ? [] : [index]));
      expect(ordered ? given : given.toSorted((a, b) => a - b)).toEqual(expected);
      expect(failed.toSorted()).toEqual(
        fates.flatMap(({ fails }, index) => (fails ? [[`no ${index}`, index]] : [])).toSorted(),
      );
      expect(most).toBeLessThanOrEqual(concurrency);
      expect(results.stats).toMatchObject({ done: expected.length, failed: failed.length, active: 0, maxActive: most });
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("gives one result a chunk", async () => {
    const property = fc.asyncProperty(settings, async ({ fates, concurrency, chunkSize = 3, ordered }) => {
      const items = fates.map((_, index) => index);
      const work = async (chunk: readonly number[], first: number) => [first, ...chunk];
      const given = await mapConcurrent(items, work, { concurrency, ordered, chunkSize });
      expect(given.map(([first]) => first)).toEqual(items.filter((item) => item % chunkSize === 0));
      expect(given.flatMap(([, ...chunk]) => chunk)).toEqual(items);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  test("ends with the first failure in order, and with what was thrown as its cause", async () => {
    const property = fc.asyncProperty(settings, async ({ fates, concurrency }) => {
      const thrown = new RangeError("no");
      const given: number[] = [];
      const first = fates.findIndex(({ fails }) => fails);
      const results = mapConcurrent(
        fates,
        async ({ turns: wait, fails }, index) => {
          await turns(wait);
          if (fails) throw thrown;
          return index;
        },
        { concurrency },
      );
      const loop = (async () => {
        for await (const result of results) given.push(result);
      })();
      if (first < 0) await loop;
      else await expect(loop).rejects.toMatchObject({ code: "ITEM_FAILED", details: { index: first }, cause: thrown });
      expect(given).toEqual(fates.slice(0, first < 0 ? undefined : first).map((_, index) => index));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("begins no call beyond its window while nobody takes results", async () => {
    for (const ordered of [true, false]) {
      let begun = 0;
      const results = mapConcurrent(Array.from({ length: 100 }), async () => begun++, { concurrency: 4, ordered });
      const iterator = results[Symbol.asyncIterator]();
      await iterator.next();
      await turns(20);
      expect(begun).toBeLessThanOrEqual(4 + 2 * 4);
      await iterator.return?.();
      await turns(20);
      expect(begun).toBeLessThanOrEqual(4 + 2 * 4);
    }
  });

  test("is over at once when it is aborted or left, tells the calls, and closes its source", async () => {
    for (const how of ["abort", "leave"]) {
      const abort = new AbortController();
      const asked = new Asked([1, 2, 3, 4]);
      const signals: AbortSignal[] = [];
      const work = (item: number, _: number, signal: AbortSignal) => {
        signals.push(signal);
        return item === 1 ? item : new Promise<number>(() => {});
      };
      const results = mapConcurrent(asked, work, { concurrency: 3, signal: abort.signal });
      const iterator = results[Symbol.asyncIterator]();
      expect((await iterator.next()).value).toBe(1);
      const next = how === "abort" ? iterator.next() : undefined;
      await turns(2);
      if (how === "abort") abort.abort(new RangeError("enough"));
      else await iterator.return?.();
      if (next) await expect(next).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
      await turns(2);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true].slice(0, signals.length));
      expect(asked.closed).toBe(true);
    }
  });

  test("hands on the error of its source behind the results before it", async () => {
    const source = (function* () {
      yield 1;
      throw new RangeError("dry");
    })();
    const given: number[] = [];
    const loop = (async () => {
      for await (const result of mapConcurrent(source, async (item) => item)) given.push(result);
    })();
    await expect(loop).rejects.toThrow("dry");
    expect(given).toEqual([1]);
  });

  test("refuses a concurrency that is none", () => {
    expect(() => mapConcurrent([], async () => 0, { concurrency: 0 })).toThrow(
      "concurrency: expected a whole number of at least 1, got 0",
    );
  });
});
