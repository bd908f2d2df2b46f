/** The compressions that producers use, by the number that a batch has for them. */
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { MillraceError } from "../../../../core/errors.ts";
import { inflateLz4 } from "./lz4.ts";
import { inflateSnappy } from "./snappy.ts";

const inflaters: readonly ((bytes: Buffer) => Buffer | Promise<Buffer>)[] = [
  (bytes) => bytes,
  promisify(gunzip),
  inflateSnappy,
  inflateLz4,
  promisify(zstdDecompress),
];

/**
 * Inflates the records of a batch.
 *
 * @param codec 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd
 * @throws MillraceError SOURCE_FAILED for damaged bytes and for codecs of the future
 */
export async function inflate(bytes: Buffer, codec: number): Promise<Buffer> {
  const inflater = inflaters[codec];
  if (inflater === undefined) {
    throw new MillraceError("SOURCE_FAILED", `a batch is compressed with codec ${codec}, which nobody here knows`);
  }
  try {
    return await inflater(bytes);
  } catch (thrown) {
    throw MillraceError.from(thrown, "SOURCE_FAILED", "a compressed batch is damaged");
  }
}
