/** Reader of boolean. */
import { type ColumnReader, INVALID } from "./reader.ts";

const words: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "yes", "y", "on", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "off", "0"].map((word) => [word, false] as const),
]);

/** The words that Postgres reads, in any case; of JSON also its own true and false, but no numbers. */
export const booleanReader: ColumnReader = {
  expected: "true or false (t/f, yes/no, y/n, on/off and 1/0 are read too)",
  exact: false,
  read: readBoolean,
  readJson(value) {
    if (typeof value === "boolean") return value;
    return typeof value === "string" ? readBoolean(value) : INVALID;
  },
  plain: (text) => text === "true" || text === "false",
};

function readBoolean(text: string): boolean | typeof INVALID {
  return words.get(text) ?? words.get(text.toLowerCase()) ?? INVALID;
}
