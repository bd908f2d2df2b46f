/** gzip, RFC 1952. */
import type { Codec } from "../core/ports/compression.ts";
import { StreamCompressor } from "./compressor.ts";
import { MemberInflater } from "./inflater.ts";
import { beginsWith } from "./magic.ts";
import { COMPRESS_OPTIONS, INFLATE_OPTIONS, zlib } from "./zlib.ts";

const MAGIC = [0x1f, 0x8b];

/** Members behind each other read as one; zeros behind a member are padding, as tapes and block devices leave it. */
export const gzip: Codec = {
  name: "gzip",
  extension: ".gz",
  isMagic: (head) => beginsWith(head, MAGIC),
  compressor: () => new StreamCompressor(() => zlib().createGzip(COMPRESS_OPTIONS)),
  inflate: (input, label, limits) =>
    new MemberInflater(input, {
      label,
      limits,
      compression: "gzip",
      begin: () => zlib().createGunzip(INFLATE_OPTIONS),
      padding: true,
    }),
};
