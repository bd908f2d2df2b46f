/** The source fields of records that have none: a program made them, so no bytes of theirs can be passed on. */
import type { SourceFields } from "../core/ports/format.ts";

/** For encoders. */
export const noSource: SourceFields = {
  bytes: Buffer.alloc(0),
  encoding: "json",
  names: [],
  indexOf: () => -1,
  isUntouched: () => false,
  span: () => undefined,
  isNull: () => false,
  whole: () => undefined,
};
