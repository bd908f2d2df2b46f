import { Buffer } from "node:buffer";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { codecByName } from "../../../src/compression/catalog.ts";
import { inflateAll, inputOf, memberOf, skippableFrame, UNLIMITED } from "../../support/compressed.ts";

/** Lines that do not compress well, so that faults lie where they are put. */
const lines = (count: number, seed = 7): string => {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return `${state},${state.toString(36)}\n`;
  }).join("");
};

describe.each(["gzip", "zstd"] as const)("%s", (name) => {
  const codec = codecByName(name);
  const member = (data: string): Buffer => memberOf(name, data);
  const unpacked = name === "gzip" ? gunzipSync : zstdDecompressSync;

  test("Codec.isMagic() knows its own data only", () => {
    expect(codec.isMagic(member("a"))).toBe(true);
    expect(codec.isMagic(memberOf(name === "gzip" ? "zstd" : "gzip", "a"))).toBe(false);
    expect(codec.isMagic(Buffer.from("id,name\n"))).toBe(false);
    expect(codec.isMagic(new Uint8Array(0))).toBe(false);
  });

  test("Compressor.end() closes a member that the reference can read, and the next write begins another", async () => {
    using compressor = codec.compressor();
    const text = lines(20_000);
    const bytes = Buffer.from(text);
    const first = [...(await compressor.write(bytes)), ...(await compressor.write(bytes))];
    bytes.fill(0);
    first.push(...(await compressor.end()));
    const second = [...(await compressor.write(Buffer.from("second"))), ...(await compressor.end())];
    expect(String(unpacked(Buffer.concat(first)))).toBe(text + text);
    expect(String(unpacked(Buffer.concat(second)))).toBe("second");
  });

  test("Compressor.end() with nothing written gives an empty member", async () => {
    using compressor = codec.compressor();
    const bytes = Buffer.concat(await compressor.end());
    expect(bytes.length).toBeGreaterThan(0);
    expect(unpacked(bytes).length).toBe(0);
  });

  test("Compressor.write() takes shared memory and refuses once disposed", async () => {
    const compressor = codec.compressor();
    const shared = new Uint8Array(new SharedArrayBuffer(1000)).fill(65);
    const out = [...(await compressor.write(shared)), ...(await compressor.end())];
    expect(String(unpacked(Buffer.concat(out)))).toBe("A".repeat(1000));
    compressor[Symbol.dispose]();
    await expect(compressor.write(shared)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(compressor.end()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("Compressor[Symbol.dispose]() ends a write that is under way", async () => {
    const compressor = codec.compressor();
    const writing = compressor.write(Buffer.from(lines(50_000)));
    compressor[Symbol.dispose]();
    await expect(writing).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("Inflated.read() reads members behind each other, empty ones too, whatever the pieces", async () => {
    const data = Buffer.concat([member(lines(3000)), member(""), member("x"), member(lines(3000, 9))]);
    for (const most of [1000, 7777, data.length]) {
      const { data: out, error } = await inflateAll(codec, inputOf(data, most), { block: 4321 });
      expect(error).toBeNull();
      expect(String(out)).toBe(`${lines(3000)}x${lines(3000, 9)}`);
    }
  });

  test("Inflated.read() says how far cut off data was good, after giving all of it", async () => {
    const text = lines(60_000);
    const whole = member(text);
    const { data, error } = await inflateAll(codec, inputOf(whole.subarray(0, whole.length - 5)));
    expect(text.startsWith(String(data))).toBe(true);
    expect(data.length).toBeGreaterThan(text.length * 0.8);
    expect(error).toMatchObject({
      code: "SOURCE_FAILED",
      message:
        `reading data/a.csv.gz: its ${name} data is cut off at compressed byte ${whole.length - 5}, decompressed byte ` +
        `${data.length}; everything up to there was good. Get the whole file`,
      details: { decompressedBytes: data.length },
    });
  });

  test("Inflated.read() says how far corrupt data was good", async () => {
    const text = lines(100_000);
    const first = member(text);
    const { data, error } = await inflateAll(codec, inputOf(Buffer.concat([first, Buffer.from("garbage"), first])));
    expect(text.startsWith(String(data))).toBe(true);
    expect(data.length).toBeGreaterThan(text.length * 0.9);
    expect(error).toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringMatching(
        /corrupt behind compressed byte \d+, decompressed byte \d+ \(.+\); everything up to there was good\. Get the file anew/,
      ),
      details: { decompressedBytes: data.length },
    });
    const { compressedBytes } = (error as { details: { compressedBytes: number } }).details;
    expect(compressedBytes).toBeLessThanOrEqual(first.length);
    expect(compressedBytes).toBeGreaterThanOrEqual(first.length - 32 * 1024);
  });

  test("Inflated.read() notices changed data by its checksum and says what that leaves in doubt", async () => {
    const whole = member(lines(20_000));
    for (let at = 50_000; at < whole.length - 10; at += 50_000) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      const { error } = await inflateAll(codec, inputOf(changed));
      expect(error).toMatchObject({
        code: "SOURCE_FAILED",
        message: expect.stringMatching(/is corrupt behind|is cut off at/),
      });
      const told = /data check|length check|checksum/.test((error as Error).message);
      expect((error as Error).message).toContain(told ? "may be damaged too" : "was good");
    }
  });

  test("Inflated.read() refuses what follows a member and is none", async () => {
    const { error } = await inflateAll(codec, inputOf(Buffer.concat([member("a\n"), Buffer.from("id,name\n")])));
    expect(error).toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("corrupt behind compressed byte"),
    });
  });

  test("Inflated.read() stops at a bomb, by ratio and by bytes", async () => {
    const bomb = member("0,0\n".repeat(20 * 1024 ** 2));
    const byRatio = await inflateAll(codec, inputOf(bomb), { limits: { ...UNLIMITED, maxRatio: 500 } });
    expect(byRatio.data.length).toBeLessThanOrEqual(64 * 1024 ** 2);
    expect(byRatio.error).toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringMatching(
        /over inflate\.maxRatio \(500\) times as much, as a zip bomb does\. Raise that limit/,
      ),
    });
    const byBytes = await inflateAll(codec, inputOf(bomb), { limits: { ...UNLIMITED, maxBytes: 1024 ** 2 } });
    expect(byBytes.data.length).toBeLessThanOrEqual(1024 ** 2);
    expect(byBytes.error).toMatchObject({ message: expect.stringContaining("more than inflate.maxBytes (1 MiB)") });
  });

  test("Inflated.read() runs ahead of its reader a bounded way and stops when it is disposed", async () => {
    const text = lines(300_000);
    const input = inputOf(member(text), 10_000);
    const inflated = codec.inflate(input, "a", UNLIMITED);
    expect(await inflated.read(new Uint8Array(10))).toBe(10);
    await inflated[Symbol.asyncDispose]();
    expect(input.taken).toBeLessThan(member(text).length / 2);
    await expect(inflated.read(new Uint8Array(10))).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("Inflated.read() passes on what its input throws, behind what came before", async () => {
    const whole = member(lines(100_000));
    const input = inputOf(whole.subarray(0, whole.length - 1000), 10_000);
    const failing = {
      read: async (into: Uint8Array) => {
        const read = await input.read(into);
        if (read === 0) throw new RangeError("the disk is gone");
        return read;
      },
    };
    const { data, error } = await inflateAll(codec, failing);
    expect(data.length).toBeGreaterThan(1_000_000);
    expect(error).toMatchObject({ code: "SOURCE_FAILED", message: "reading data/a.csv.gz: the disk is gone" });
  });
});

describe("gzip", () => {
  const gzip = codecByName("gzip");

  test("Inflated.read() passes over zeros behind a member", async () => {
    const zeros = Buffer.alloc(40_000);
    const data = Buffer.concat([memberOf("gzip", "a\n"), zeros, memberOf("gzip", "b\n"), zeros]);
    const { data: out, error } = await inflateAll(gzip, inputOf(data));
    expect([String(out), error]).toEqual(["a\nb\n", null]);
  });

  test.each([
    ["checksum", -8, "incorrect data check"],
    ["length", -4, "incorrect length check"],
  ])("Inflated.read() refuses a member that lies about its %s", async (_what, at, told) => {
    const data = memberOf("gzip", "a\n".repeat(100));
    data[data.length + at] = (data.at(at) ?? 0) ^ 1;
    const { error } = await inflateAll(gzip, inputOf(data));
    const message = expect.stringContaining(`(${told}); what was read of it may be damaged too`);
    expect(error).toMatchObject({ code: "SOURCE_FAILED", message });
  });
});

describe("zstd", () => {
  test("Inflated.read() passes over skippable frames wherever they stand", async () => {
    const zstd = codecByName("zstd");
    const frames = [skippableFrame("seek"), memberOf("zstd", "a\n"), skippableFrame(""), memberOf("zstd", "b\n")];
    const data = Buffer.concat([...frames, skippableFrame("table")]);
    expect(zstd.isMagic(data)).toBe(true);
    for (const most of [1, 3, data.length]) {
      const { data: out, error } = await inflateAll(zstd, inputOf(data, most));
      expect([String(out), error]).toEqual(["a\nb\n", null]);
    }
  });
});
