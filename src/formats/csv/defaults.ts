/** What a dialect is when nothing is said; free of zod, because threads read it too. */

/** Defaults of the `csv` keys; `escape` is the quote, `comment` and `trim` are off. */
export const CSV_DEFAULTS = {
  delimiter: ",",
  quote: '"',
  quotes: "strict",
  header: true,
  encoding: "utf-8",
  nulls: [""],
  emptyAsNull: false,
  blankLines: "skip",
  ragged: "reject",
} as const;
