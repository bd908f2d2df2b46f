/** What may be wrong with compressed records. The messages go on where the batch was named. */
import { MillraceError } from "../../../../core/errors.ts";
import { formatBytes } from "../../../../core/quantity.ts";

/** Bytes that are not what they say they are. */
export function damagedData(codec: string, cause?: unknown): MillraceError {
  return new MillraceError("SOURCE_FAILED", `its ${codec} data is damaged`, { cause });
}

/** More would come out than may. */
export function inflatesBeyond(maxBytes: number, cause?: unknown): MillraceError {
  const message =
    `it inflates to more than ${formatBytes(maxBytes)}, as a decompression bomb does. Raise source.inflate.maxBytes if its ` +
    "producer really sends so much at once";
  return new MillraceError("SOURCE_FAILED", message, { cause, details: { maxBytes } });
}
