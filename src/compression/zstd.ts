/** zstd, RFC 8878. */
import type { Codec } from "../core/ports/compression.ts";
import { StreamCompressor } from "./compressor.ts";
import { MemberInflater } from "./inflater.ts";
import { beginsWith } from "./magic.ts";
import { INFLATE_OPTIONS, zlib, zstdOptions } from "./zlib.ts";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** The last three bytes of a skippable frame's magic; the first is 0x50 to 0x5f. */
const SKIPPABLE = [0x2a, 0x4d, 0x18];

/** Frames behind each other read as one; skippable frames hold nothing for us. */
export const zstd: Codec = {
  name: "zstd",
  extension: ".zst",
  isMagic: (head) => beginsWith(head, MAGIC) || isSkippable(head),
  compressor: () => new StreamCompressor(() => zlib().createZstdCompress(zstdOptions())),
  inflate: (input, label, limits) =>
    new MemberInflater(input, {
      label,
      limits,
      compression: "zstd",
      begin: () => zlib().createZstdDecompress(INFLATE_OPTIONS),
      padding: false,
    }),
};

function isSkippable(head: Uint8Array): boolean {
  return ((head[0] ?? 0) & 0xf0) === 0x50 && beginsWith(head.subarray(1), SKIPPABLE);
}
