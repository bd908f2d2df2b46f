/** Compression of what is sent, by the names of the options. */
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import { MillraceError } from "../../../../core/errors.ts";
import type { Compression } from "../producer-port.ts";

// An ES module sees these by the default export only.
const { CompressionTypes, CompressionCodecs } = kafkajs;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** The number of a compression, whose codec is then there. Snappy and lz4 have none: they need packages of their own. */
export function compressionType(name: Compression): number {
  switch (name) {
    case "none":
      return CompressionTypes.None;
    case "gzip":
      return CompressionTypes.GZIP;
    case "zstd":
      CompressionCodecs[CompressionTypes.ZSTD] = () => ({
        compress: (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer),
        decompress: (bytes: Buffer) => decompress(bytes),
      });
      return CompressionTypes.ZSTD;
    default:
      throw new MillraceError("INVARIANT", `there is no codec for ${name}`);
  }
}
