import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import { mapParallel, type Results } from "../../../src/batch/index.ts";

const fixture = (name: string) => new URL(`./fixtures/${name}.ts`, import.meta.url);
const byItem = fixture("by-item");
const byChunk = fixture("by-chunk");
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("mapParallel()", () => {
  test("gives the results in the order of the items, from any chunk size", async () => {
    const results = mapParallel<number, string>(numbers(1000), byItem, { workers: 2, chunkSize: 7 });
    expectTypeOf(results).toEqualTypeOf<Results<string>>();
    expect(await results).toEqual(numbers(1000).map((item, index) => `${index}:${item * 2}`));
    expect(results.stats).toMatchObject({ done: 1000, failed: 0, active: 0, maxActive: 4 });
  });

  test("waits for functions that are asynchronous, and takes any iterable", async () => {
    const options = { workers: 1, export: "later" };
    expect(await mapParallel(new Set([1, 2, 3]), byItem, options)).toEqual([2, 3, 4]);
    expect(await mapParallel([], byItem, options)).toEqual([]);
  });

  test("moves arrays of numbers and gives chunks to mapChunk, with what setup made", async () => {
    const items = Float64Array.from(numbers(10));
    expect(await mapParallel(items, byChunk, { workers: 2, chunkSize: 4 })).toEqual(
      numbers(10).map((item) => item * 3),
    );
    expect(await mapParallel(Buffer.from([1, 2]), byChunk, { workers: 1 })).toEqual([3, 6]);
  });

  test("ends with the first item that fails, and says which; results before it were given", async () => {
    const given: unknown[] = [];
    const results = mapParallel<number, number>(numbers(10), byItem, {
      workers: 2,
      chunkSize: 4,
      export: "refusesThrees",
    });
    const loop = (async () => {
      for await (const result of results) given.push(result);
    })();
    await expect(loop).rejects.toMatchObject({
      code: "ITEM_FAILED",
      message: "item 2: 3 is a three",
      details: { index: 2 },
      cause: { name: "RangeError", stack: expect.stringContaining("by-item.ts") },
    });
    expect(given).toEqual([1, 2]);
  });

  test("tells onError of each item that fails and goes on", async () => {
    const failed: unknown[] = [];
    const results = mapParallel<number, number>(numbers(10), byItem, {
      workers: 2,
      chunkSize: 4,
      export: "refusesThrees",
      onError: ({ message }, item, index) => failed.push([message, item, index]),
    });
    expect(await results).toEqual([1, 2, 4, 5, 7, 8, 10]);
    expect(failed).toEqual([3, 6, 9].map((item) => [`${item} is a three`, item, item - 1]));
    expect(results.stats).toMatchObject({ done: 7, failed: 3 });
  });

  test.each([
    { name: "crashesAtSeven", code: "TRANSFORM_CRASHED", options: {} },
    { name: "hangsAtSeven", code: "TRANSFORM_TIMEOUT", options: { timeout: 400 } },
  ])("survives a thread that an item ends: $name", async ({ name, code, options }) => {
    const failed: unknown[] = [];
    const onError = (error: Error, item: number) => failed.push([(error as Error & { code: string }).code, item]);
    const settings = { workers: 1, chunkSize: 5, export: name, onError, ...options };
    expect(await mapParallel<number, number>(numbers(10), byItem, settings)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
    expect(failed).toEqual([[code, 7]]);
  });

  test("finds the item of a chunk that ends its thread, and leaves out a chunk that throws", async () => {
    const failed: unknown[] = [];
    const results = await mapParallel<number, number>(numbers(20), byChunk, {
      workers: 1,
      chunkSize: 5,
      onError: (error, item) => failed.push([item, error.message]),
    });
    expect(results).toEqual([...numbers(12), 14, 15].map((item) => item * 3));
    expect(failed[0]).toEqual([13, "it ended its thread, twice"]);
    expect(failed.slice(1).map((failure) => (failure as unknown[])[0])).toEqual([16, 17, 18, 19, 20]);
  });

  test("begins a long list in the calling thread, unless it is told never to", async () => {
    const items = numbers(60_000);
    const here = await mapParallel<number, string>(items, byItem);
    expect(here).toEqual(items.map((item, index) => `${index}:${item * 2}`));
    const threads = new Set(
      await mapParallel<number, number>(items, byItem, { workers: 2, export: "tellsThread", callingThread: "never" }),
    );
    expect(threads.size).toBe(2);
    await expect(mapParallel(items, byItem, { export: "refusesThrees" })).rejects.toMatchObject({
      details: { index: 2 },
    });
  });

  test.each([
    [new URL("./nowhere.ts", byItem), {}, "TRANSFORM_UNLOADABLE", "Cannot find module"],
    [byItem, { export: "nothing" }, "TRANSFORM_UNLOADABLE", "no function is exported as nothing"],
    [fixture("fails-to-set-up"), {}, "SETUP_FAILED", "setup failed: no licence"],
    [byItem, { export: "givesFunction" }, "USAGE", "cannot be moved between threads: () => 1 could not be cloned"],
  ])("says what cannot be done: %s %o", async (module, options, code, message) => {
    const results = mapParallel([1], module, { workers: 1, ...options });
    await expect(results).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("refuses items that cannot be moved, and options that are none", async () => {
    await expect(mapParallel([() => 1], byItem, { workers: 1 })).rejects.toMatchObject({ code: "USAGE" });
    expect(() => mapParallel([1], byItem, { workers: 0 })).toThrow(
      "mapParallel: workers: expected a whole number of at least 1, got 0",
    );
    expect(() => mapParallel([1], byItem, { chunkSize: 1.5 })).toThrow("chunkSize");
  });

  test("gives its results once", async () => {
    const results = mapParallel<number, number>([1], byItem, { workers: 1 });
    expect(await results).toEqual(await results);
    await expect(Array.fromAsync(results)).rejects.toThrow("the results of a batch can be taken once");
  });

  test("leaves nothing behind that keeps a process alive", async () => {
    const script = path.join(import.meta.dirname, "fixtures/leaves-nothing.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 30_000 });
    expect(stdout).toBe("ABORTED,ABORTED,ITEM_FAILED\n");
  });
});
