/** The codecs by name. */
import type { Codec, CodecName } from "../core/ports/compression.ts";
import { gzip } from "./gzip.ts";
import { zstd } from "./zstd.ts";

const CODECS: { readonly [Name in CodecName]: Codec } = { gzip, zstd };

/**
 * A codec; what it is built on is loaded when it is first used.
 *
 * @example
 * codecByName("gzip").extension; // ".gz"
 */
export function codecByName(name: CodecName): Codec {
  return CODECS[name];
}
