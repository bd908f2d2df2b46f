/** bool: a byte. */
import { textOf } from "./ascii-view.ts";
import type { ParsedType } from "./binary-type.ts";

/** Source: PostgreSQL documentation, "Boolean Type": these words and their beginnings that mean one of them only. */
const words: ReadonlyMap<string, boolean> = new Map([
  ...["t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"].map((word) => [word, false] as const),
]);
const MAX_WORD = 5;

/** True and false. */
export const bool: ParsedType = {
  oid: 16,
  read: (to, at, from, begin, end) =>
    end - begin > MAX_WORD ? -1 : putBoolean(to, at, words.get(textOf(from, begin, end).toLowerCase())),
  put: putBoolean,
};

function putBoolean(to: DataView, at: number, value: unknown): number {
  if (typeof value !== "boolean") return -1;
  to.setUint8(at, value ? 1 : 0);
  return at + 1;
}
