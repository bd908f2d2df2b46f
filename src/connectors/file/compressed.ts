/** Tells how a file is compressed: its first bytes decide, then what the job says has to agree, then its name. */
import { MillraceError } from "../../core/errors.ts";
import type { Codec, CodecName, Compression } from "../../core/ports/compression.ts";
import { compressionOfPath } from "./options.ts";

const CODECS: readonly CodecName[] = ["gzip", "zstd"];

/** What is known of a file when its compression is asked for. */
export interface CompressionSigns {
  readonly name: string;
  /** Its first bytes; empty for an empty file. */
  readonly head: Uint8Array;
  /** The job's `compression`. */
  readonly said: Compression | undefined;
}

/**
 * The codec that a file needs; null for one that stands as it is. Data beats the name, for names lie more often; but a
 * name that promises compressed data which is not there tells of a damaged file.
 *
 * @throws MillraceError SOURCE_FAILED when the file does not begin as the job or its name says
 */
export function codecOf(signs: CompressionSigns, codec: ((name: CodecName) => Codec) | undefined): Codec | null {
  const { name, head, said } = signs;
  if (said === "none") return null;
  const expected = said ?? compressionOfPath(name);
  const found = codec && CODECS.map(codec).find((candidate) => candidate.isMagic(head));
  if (found !== undefined && (said === undefined || said === found.name)) return found;
  if (expected === "none" || head.byteLength === 0) return null;
  if (codec === undefined) throw new MillraceError("INVARIANT", "a source of files needs the codecs in its context");
  throw new MillraceError("SOURCE_FAILED", `source.path: ${disagreement(signs, expected, found)}`);
}

function disagreement({ name, said }: CompressionSigns, expected: Compression, found: Codec | undefined): string {
  const is = found === undefined ? `does not begin as ${expected} data does` : `begins as ${found.name} data does`;
  if (said !== undefined) return `${name} ${is}, but source.compression is ${said}; leave that out or correct it`;
  return `${name} ${is}: get the file anew, or set source.compression: none if it is not compressed in spite of its name`;
}
