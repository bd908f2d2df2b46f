import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate } from "../../../../src/connectors/kafka/client/codecs/inflate.ts";
import { isMillraceError } from "../../../../src/core/errors.ts";

const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;
const MOST = 1024 * 1024;

/** "abcdabcdabcdabcd!" as a literal, a copy that runs into itself, and a literal. */
const snappyBlock = Buffer.concat([
  Buffer.of(17, (4 - 1) << 2),
  Buffer.from("abcd"),
  Buffer.of(((12 - 1) << 2) | 2, 4, 0),
  Buffer.of(0),
  Buffer.from("!"),
]);
const javaHeader = Buffer.concat([Buffer.from([0x82]), Buffer.from("SNAPPY\0"), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);

function javaBlocks(...blocks: readonly Buffer[]): Buffer {
  const sized = blocks.flatMap((block) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    return [size, block];
  });
  return Buffer.concat([javaHeader, ...sized]);
}

/** A frame of blocks, each with its size before it. */
function lz4Frame(...blocks: readonly { readonly bytes: Buffer; readonly stored?: boolean }[]): Buffer {
  const sized = blocks.flatMap(({ bytes, stored = false }) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length + (stored ? 0x80000000 : 0));
    return [size, bytes];
  });
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]), ...sized, Buffer.alloc(4)]);
}

/** The same text: four literals and a match of 12, then a last literal. */
const lz4Block = Buffer.concat([
  Buffer.of((4 << 4) | (12 - 4)),
  Buffer.from("abcd"),
  Buffer.of(4, 0, 1 << 4),
  Buffer.from("!"),
]);

describe("inflate()", () => {
  test("reads Snappy, raw and in the blocks of Java's library", async () => {
    expect(String(await inflate(snappyBlock, SNAPPY, MOST))).toBe("abcdabcdabcdabcd!");
    expect(String(await inflate(javaBlocks(snappyBlock, snappyBlock), SNAPPY, MOST))).toBe(
      "abcdabcdabcdabcd!".repeat(2),
    );
  });

  test("reads LZ4 frames: stored blocks, and matches that reach into the block before", async () => {
    const stored = { bytes: Buffer.from("1234"), stored: true };
    const back = { bytes: Buffer.concat([Buffer.of(0), Buffer.of(4, 0, 1 << 4), Buffer.from("!")]) };
    expect(String(await inflate(lz4Frame({ bytes: lz4Block }), LZ4, MOST))).toBe("abcdabcdabcdabcd!");
    expect(String(await inflate(lz4Frame(stored, back), LZ4, MOST))).toBe("12341234!");
  });

  test.each([
    ["Snappy", SNAPPY, javaBlocks(snappyBlock)],
    ["LZ4", LZ4, lz4Frame({ bytes: lz4Block })],
  ])("says of damaged %s that it is damaged, and never anything else", async (_name, codec, good) => {
    await expect(inflate(good.subarray(0, -2), codec, MOST)).rejects.toThrow(/its (snappy|lz4) data is damaged/);
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(good.length), async (bytes, length) => {
        const damaged = Buffer.from(good.subarray(0, length));
        for (const [at, byte] of bytes) if (at < length) damaged[at] = byte;
        await inflate(damaged, codec, MOST).catch((thrown: unknown) => {
          expect(isMillraceError(thrown, "SOURCE_FAILED"), String(thrown)).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });

  const grownText = Buffer.alloc(MOST * 4, "x");
  /** A match of 5 MiB. */
  const endlessMatch = Buffer.concat([
    Buffer.of(0x1f),
    Buffer.from("x"),
    Buffer.of(1, 0),
    Buffer.alloc(20_000, 255),
    Buffer.of(0),
  ]);
  const hugeBlock = Buffer.concat([Buffer.of(0x80, 0x80, 0x80, 0x01), Buffer.alloc(128 * 1024)]);
  const halfBlock = Buffer.concat([
    Buffer.of(0x80, 0x80, 0x28, 62 << 2, 0xff, 0xff, 0x09),
    Buffer.alloc(640 * 1024, "x"),
  ]);

  test.each([
    ["gzip", GZIP, gzipSync(grownText)],
    ["zstd", ZSTD, zstdCompressSync(grownText)],
    ["a block of Snappy", SNAPPY, hugeBlock],
    ["blocks of Snappy", SNAPPY, javaBlocks(halfBlock, halfBlock)],
    ["LZ4", LZ4, lz4Frame({ bytes: endlessMatch })],
  ])("refuses a bomb of %s without taking the memory", async (_name, codec, bomb) => {
    await expect(inflate(bomb, codec, MOST)).rejects.toThrow("it inflates to more than 1 MiB, as a decompression bomb");
  });

  test("refuses a codec that it does not know", async () => {
    await expect(inflate(Buffer.alloc(1), 7, MOST)).rejects.toThrow(
      "it is compressed with codec 7, which nobody here knows",
    );
  });
});
