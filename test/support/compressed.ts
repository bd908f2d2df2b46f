/** Compressed data for tests, and its reading. */
import { Buffer } from "node:buffer";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import type { ByteInput, Codec, CodecName, InflateLimits } from "../../src/core/ports/compression.ts";

/** No limits worth the name. */
export const UNLIMITED: InflateLimits = { maxRatio: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** The reference: one member or frame, with a checksum. */
export const memberOf = (name: CodecName, data: string | Uint8Array): Buffer =>
  name === "gzip" ? gzipSync(data) : zstdCompressSync(data, CHECKED);

/** A skippable zstd frame, RFC 8878 section 3.1.2. */
export function skippableFrame(content: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a53, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, Buffer.from(content)]);
}

/** Bytes that come in pieces of at most `most`. */
export function inputOf(bytes: Uint8Array, most = bytes.byteLength): ByteInput & { taken: number } {
  return {
    taken: 0,
    async read(into) {
      const piece = bytes.subarray(this.taken, this.taken + Math.min(most, into.byteLength));
      into.set(piece);
      this.taken += piece.byteLength;
      return piece.byteLength;
    },
  };
}

/** Everything that comes out, and the error at its end if there is one. */
export async function inflateAll(
  codec: Codec,
  input: ByteInput,
  { limits = UNLIMITED, block = 100_000 }: { readonly limits?: InflateLimits; readonly block?: number } = {},
): Promise<{ readonly data: Buffer; readonly error: unknown }> {
  await using inflated = codec.inflate(input, "data/a.csv.gz", limits);
  const pieces: Buffer[] = [];
  try {
    for (;;) {
      const into = Buffer.alloc(block);
      const read = await inflated.read(into);
      if (read === 0) return { data: Buffer.concat(pieces), error: null };
      pieces.push(into.subarray(0, read));
    }
  } catch (error) {
    return { data: Buffer.concat(pieces), error };
  }
}
