import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  aggregate,
  filter,
  map,
  readCsv,
  readJsonl,
  type RecordStream,
  type StreamReject,
  writeCsv,
  writeJsonl,
} from "../../../src/streams/index.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-streams-"));
const at = (name: string) => path.join(folder, name);
const bytes = (text: string) => [Buffer.from(text)];

beforeAll(() => writeFileSync(at("orders.csv"), "id,country,amount\n1,DE,10.50\n2,FR,9\n3,DE,0.01\n"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A source that says whether it was closed, and may wait for ever. */
function source(pieces: readonly string[], { hangs = false } = {}) {
  const state = { closed: false, asked: 0 };
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: () => {
      const piece = pieces[state.asked++];
      if (piece !== undefined) return Promise.resolve({ value: Buffer.from(piece), done: false });
      return hangs ? new Promise(() => {}) : Promise.resolve({ value: undefined, done: true });
    },
    return: () => {
      state.closed = true;
      return Promise.resolve({ value: undefined, done: true });
    },
  };
  return { state, bytes: { [Symbol.asyncIterator]: () => iterator } };
}

describe("readCsv()", () => {
  test("tells TypeScript what the declared columns give", () => {
    const orders = readCsv(at("orders.csv"), {
      columns: { id: { type: "int", nullable: false }, amount: "decimal", note: { type: "string", nullable: true } },
      rename: { amount: "total" },
    });
    type Order = typeof orders extends RecordStream<infer T> ? T : never;
    expectTypeOf<Order["id"]>().toEqualTypeOf<number>();
    expectTypeOf<Order["total"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Order["note"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Order["anything"]>().toEqualTypeOf<string>();
    const groups = aggregate(orders, {
      groupBy: ["country"],
      measures: { n: "count", sum: { sum: "total" }, most: { max: "id" } },
    });
    type Group = typeof groups extends RecordStream<infer T> ? T : never;
    expectTypeOf<Group["n"]>().toEqualTypeOf<number>();
    expectTypeOf<Group["sum"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Group["most"]>().toEqualTypeOf<number | null>();
    expectTypeOf(readJsonl<{ a: 1 }>("x")).toEqualTypeOf<RecordStream<{ a: 1 }>>();
  });

  test("reads a file, again and again, by record and by batch", async () => {
    const orders = readCsv(at("orders.csv"), { columns: { id: "int" } });
    const expected = [
      { id: 1, country: "DE", amount: "10.50" },
      { id: 2, country: "FR", amount: "9" },
      { id: 3, country: "DE", amount: "0.01" },
    ];
    expect(await Array.fromAsync(orders)).toEqual(expected);
    expect(await orders.toArray()).toEqual(expected);
    expect(await Array.fromAsync(orders.batches(2))).toEqual([expected.slice(0, 2), expected.slice(2)]);
  });

  test("reads globs, lists, compressed files and bytes of every kind", async () => {
    writeFileSync(at("more-1.csv.gz"), gzipSync("id\n1\n"));
    writeFileSync(at("more-2.csv.zst"), zstdCompressSync("id\n2\n"));
    const ids = async (input: Parameters<typeof readCsv>[0]) => map(readCsv(input), ({ id }) => id).toArray();
    expect(await ids(at("more-*"))).toEqual(["1", "2"]);
    expect(await ids([at("more-2.csv.zst"), at("orders.csv")])).toEqual(["2", "1", "2", "3"]);
    expect(await ids(bytes("id\n7\n"))).toEqual(["7"]);
    expect(await ids(Readable.from(["id", "\n", "7\n8"]))).toEqual(["7", "8"]);
    expect(await ids(new Blob(["id\n7\n"]).stream())).toEqual(["7"]);
    expect(await ids([gzipSync("id\n7\n").subarray(0, 3), gzipSync("id\n7\n").subarray(3)])).toEqual(["7"]);
  });

  test("reads other encodings, and refuses a bomb", async () => {
    const text = Buffer.from("\uFEFFname\nZoë\n", "utf16le");
    const options = { encoding: "utf-16le", columns: { name: "string" } } as const;
    expect(await readCsv([text.subarray(0, 9), text.subarray(9)], options).toArray()).toEqual([{ name: "Zoë" }]);
    const bomb = [gzipSync(`id\n${"0\n".repeat(100_000)}`)];
    const read = readCsv(bomb, { inflate: { maxBytes: "64KiB" } }).toArray();
    await expect(read).rejects.toThrow(/^reading the input of readCsv: it inflates to more than inflate\.maxBytes/);
  });

  test("ends with the first bad record, or tells of each with its place", async () => {
    const text = 'id,n\n1,1\nx,"2\n2"\ny\n4,4\n';
    const columns = { id: "int" } as const;
    await expect(readCsv(bytes(text), { columns }).toArray()).rejects.toMatchObject({
      code: "VALUE_INVALID",
      message: expect.stringMatching(/^input:3: "id": expected a whole number .*, found "x"$/),
      details: { line: 3, offset: 9, ordinal: 1, raw: 'x,"2\n2"' },
    });
    const rejects: StreamReject[] = [];
    const records = await readCsv(bytes(text), { columns, onReject: (reject) => rejects.push(reject) }).toArray();
    expect(records).toEqual([
      { id: 1, n: "1" },
      { id: 4, n: "4" },
    ]);
    expect(rejects).toMatchObject([
      { stage: "decode", code: "VALUE_INVALID", source: "input", line: 3, ordinal: 1 },
      { stage: "decode", code: "CSV_FIELD_COUNT", line: 5, offset: 17, ordinal: 2, raw: "y" },
    ]);
  });

  test.each([
    ["nothing.csv", {}, /^readCsv: no file matches .*nothing\.csv/],
    [
      "orders.csv",
      { columns: { amont: "int" } },
      /columns\.amont: the header of .* has no such column\n {2}did you mean amount\?/,
    ],
  ] as const)("says what it cannot read: %s %o", async (name, options, message) => {
    await expect(readCsv(at(name), options).toArray()).rejects.toThrow(message);
    if (name !== "orders.csv") return;
    const content = [readFileSync(at(name))];
    await expect(readCsv(content, options).toArray()).rejects.toThrow("the header of input has no such column");
  });

  test("says at once which option does not exist", () => {
    expect(() => readCsv("x.csv", { delimter: ";" } as never)).toThrow(/^readCsv: .*delimter/);
    expect(() => readCsv("x.csv", { quotes: "none" } as never)).toThrow(/^readCsv: quotes: /);
    expect(() => readCsv("x.csv", { columns: { id: "integer" as "int" } })).toThrow(
      /^readCsv: columns\.id: expected one of string, int, .*, got "integer" \(did you mean int\?\)$/,
    );
    expect(() => aggregate([], { groupBy: [], measures: { x: { summ: "a" } as never } })).toThrow("did you mean sum?");
  });

  test("begins with the records that have come, closes what it reads when the loop is left, also while that waits", async () => {
    for (const hangs of [false, true]) {
      const { state, bytes } = source(["id\n1\n2\n3\n", "4\n"], { hangs });
      const ids: string[] = [];
      for await (const { id } of filter(readCsv(bytes), () => true)) {
        ids.push(id as string);
        if (id === "2" || id === "4") break;
      }
      expect(ids).toEqual(["1", "2"]);
      expect(state.closed).toBe(true);
    }
  });

  test("ends with ABORTED at once, also while its source waits", async () => {
    const { state, bytes } = source(["id\n1\n"], { hangs: true });
    const abort = new AbortController();
    const loop = (async () => {
      for await (const _ of readCsv(bytes, { signal: abort.signal })) abort.abort();
    })();
    await expect(loop).rejects.toMatchObject({ code: "ABORTED" });
    expect(state.closed).toBe(true);
    await expect(readCsv(at("orders.csv"), { signal: AbortSignal.abort() }).toArray()).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("answers calls of next() that overlap in their order", async () => {
    const { bytes } = source(["id\n1\n2\n", "3\n"]);
    const iterator = readCsv(bytes)[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 5 }, () => iterator.next()));
    expect(results.map(({ value }) => value?.id)).toEqual(["1", "2", "3", undefined, undefined]);
  });

  test("closes its files", async () => {
    const before = openFiles();
    for await (const _ of readCsv(at("orders.csv"))) break;
    await expect(map(readCsv(at("orders.csv")), () => JSON.parse("{")).toArray()).rejects.toThrow(SyntaxError);
    expect(openFiles()).toEqual(before);
  });
});

/** What this process has open in the folder of the tests, where the system tells. */
function openFiles(): readonly string[] {
  if (!existsSync("/proc/self/fd")) return [];
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // closed meanwhile, such as the one that listed them
    }
  });
  return targets.filter((target) => target.startsWith(folder));
}

describe("filter() and map()", () => {
  test("refuse functions that are asynchronous", async () => {
    await expect(filter([1], (async () => false) as never).toArray()).rejects.toThrow(
      "filter: the function gave a promise",
    );
    await expect(map([1, 2], async () => Promise.reject(new RangeError("no"))).toArray()).rejects.toThrow(
      "take mapConcurrent",
    );
  });
});

describe("writeCsv() and writeJsonl()", () => {
  test("write whole files or none", async () => {
    expect(await writeCsv(readCsv(at("orders.csv")), at("copy.csv"))).toEqual({ records: 3, rejected: 0, bytes: 28 });
    expect(readFileSync(at("copy.csv"), "utf8")).toBe(readFileSync(at("orders.csv"), "utf8"));
    const failing = map(
      readCsv(at("orders.csv")),
      (order) => (order["id"] === "3" ? JSON.parse("{") : order) as object,
    );
    await expect(writeCsv(failing, at("copy.csv"))).rejects.toThrow(SyntaxError);
    expect(readFileSync(at("copy.csv"), "utf8")).toBe(readFileSync(at("orders.csv"), "utf8"));
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("write compressed files that read alike", async () => {
    const orders = await readCsv(at("orders.csv")).toArray();
    await writeJsonl(orders, at("orders.jsonl.zst"));
    await writeCsv(orders, at("orders.out"), { compression: "gzip", delimiter: ";" });
    expect(await readJsonl(at("orders.jsonl.zst")).toArray()).toEqual(orders);
    expect(await readCsv(at("orders.out"), { delimiter: ";" }).toArray()).toEqual(orders);
  });

  test("turn away what cannot be written", async () => {
    const records = [{ a: 1, b: 2 }, { a: 2, c: 3 }, { a: 3 }];
    await expect(writeCsv(Readable.from(records), at("x.csv"))).rejects.toThrow(
      /^record 2: field "c" is no column of the sink; its columns are a, b$/,
    );
    const rejects: StreamReject[] = [];
    const options = { columns: ["a", "b"], onReject: (reject: StreamReject) => rejects.push(reject) };
    expect(await writeCsv(records, at("x.csv"), options)).toMatchObject({ records: 2, rejected: 1 });
    expect(rejects).toMatchObject([{ stage: "write", code: "FIELD_UNKNOWN", ordinal: 1, record: { a: 2, c: 3 } }]);
    expect(readFileSync(at("x.csv"), "utf8")).toBe("a,b\n1,2\n3,\n");
    expect(await writeCsv(records, at("x.csv"), { columns: ["a"], onUnknownField: "ignore" })).toMatchObject({
      records: 3,
    });
  });

  test("write nothing but a header where there is no record", async () => {
    await writeCsv([], at("none.csv"), { columns: ["a", "b"] });
    expect(readFileSync(at("none.csv"), "utf8")).toBe("a,b\n");
  });

  test("write into streams as fast as those take it, and end them", async () => {
    const through = new PassThrough({ highWaterMark: 16 });
    const [summary, back] = await Promise.all([
      writeCsv(
        map(Array.from({ length: 50_000 }), (_, id) => ({ id, name: "n".repeat(20) })),
        through,
      ),
      readCsv(through).toArray(),
    ]);
    expect(summary.records).toBe(50_000);
    expect(back.at(-1)).toEqual({ id: "49999", name: "n".repeat(20) });
  });

  test("tell the error of a stream, and destroy it when the records fail", async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new RangeError("full")) });
    await expect(writeJsonl([1], broken)).rejects.toMatchObject({
      code: "SINK_FAILED",
      message: "writing to the stream: full",
    });
    const stream = new PassThrough();
    await expect(
      writeJsonl(
        map([1, 2], () => JSON.parse("{")),
        stream,
      ),
    ).rejects.toThrow(SyntaxError);
    await expect(writeJsonl([1], at("a.jsonl"), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });
});
