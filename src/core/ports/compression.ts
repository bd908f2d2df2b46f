/** Compression of a source's or sink's bytes. Only `none` has code in the first releases; the others are a seam. */

/** Every compression that a config may name. */
export const COMPRESSIONS = ["none", "gzip", "zstd"] as const;

/** How a stream of bytes is compressed. */
export type Compression = (typeof COMPRESSIONS)[number];
