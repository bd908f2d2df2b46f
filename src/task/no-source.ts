/** The source of outputs that have nothing of their record in them. */
import type { SourceFields } from "../core/ports/format.ts";

/** A record without fields: nothing is untouched. */
export const NO_SOURCE: SourceFields = {
  encoding: "csv",
  bytes: new Uint8Array(0),
  names: [],
  indexOf: () => -1,
  isUntouched: () => false,
  span: () => undefined,
  isNull: () => false,
  whole: () => undefined,
};
