/** The runtime's zlib, loaded when the first stream is made: most runs compress nothing. */

/** The module `node:zlib`. */
export function zlib(): typeof import("node:zlib") {
  return process.getBuiltinModule("node:zlib");
}

/** Bytes that a stream hands over at once: fewer events than the runtime's 16 KiB, less memory than a chunk. */
const BLOCK_BYTES = 64 * 1024;

/** Of streams that compress. */
export const COMPRESS_OPTIONS = { chunkSize: BLOCK_BYTES } as const;

/** Of a zstd stream that compresses: with a checksum in every frame, as the zstd program writes it. */
export function zstdOptions() {
  return { ...COMPRESS_OPTIONS, params: { [zlib().constants.ZSTD_c_checksumFlag]: 1 } };
}

/**
 * Of streams that inflate. They hold back no more than one block: a stream that fails drops what it holds, and everything
 * before the fault is to be read.
 */
export const INFLATE_OPTIONS = { chunkSize: BLOCK_BYTES, readableHighWaterMark: 1 } as const;
