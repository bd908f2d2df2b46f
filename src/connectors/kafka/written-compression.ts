/** How batches that are written can be compressed. */
import { MillraceError } from "../../core/errors.ts";
import type { Compression } from "./client/producer-port.ts";

/**
 * @param option where the job says so: `sink.compression`
 * @throws MillraceError NOT_BUILT
 */
export function assertWritable(name: Compression, option: string): void {
  if (name === "none" || name === "gzip" || name === "zstd") return;
  throw new MillraceError("NOT_BUILT", `${option}: ${name}: not built for writing; use none, gzip or zstd`);
}
