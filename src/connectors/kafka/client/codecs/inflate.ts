/** The compressions that producers use, by the number that a batch has for them. */
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { MillraceError } from "../../../../core/errors.ts";
import { damagedData, inflatesBeyond } from "./faults.ts";
import { inflateLz4 } from "./lz4.ts";
import { inflateSnappy } from "./snappy.ts";

const [gunzipped, unzstd] = [promisify(gunzip), promisify(zstdDecompress)];

interface Codec {
  readonly name: string;
  /** Takes memory for no more than `maxBytes`. */
  readonly inflate: (bytes: Buffer, maxBytes: number) => Buffer | Promise<Buffer>;
}

const CODECS: readonly Codec[] = [
  { name: "none", inflate: (bytes) => bytes },
  { name: "gzip", inflate: (bytes, maxOutputLength) => gunzipped(bytes, { maxOutputLength }) },
  { name: "snappy", inflate: inflateSnappy },
  { name: "lz4", inflate: inflateLz4 },
  { name: "zstd", inflate: (bytes, maxOutputLength) => unzstd(bytes, { maxOutputLength }) },
];

/**
 * Inflates the records of a batch.
 *
 * @param codec 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd
 * @param maxBytes what may come out of compressed ones
 * @throws MillraceError SOURCE_FAILED for damaged bytes, for bombs and for codecs of the future
 */
export async function inflate(bytes: Buffer, codec: number, maxBytes: number): Promise<Buffer> {
  const found = CODECS[codec];
  if (found === undefined) {
    throw new MillraceError("SOURCE_FAILED", `it is compressed with codec ${codec}, which nobody here knows`);
  }
  try {
    return await found.inflate(bytes, maxBytes);
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw isTooLarge(thrown) ? inflatesBeyond(maxBytes, thrown) : damagedData(found.name, thrown);
  }
}

/** What the runtime says when there is more than `maxOutputLength`. */
function isTooLarge(thrown: unknown): boolean {
  return (thrown as { readonly code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
}
