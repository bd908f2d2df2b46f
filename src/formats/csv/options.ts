/** The `csv` keys of sources and sinks. What they mean is in SEMANTICS "CSV". */
import { z } from "zod";
import { FILE_ENCODINGS } from "../encodings.ts";
import { CSV_DEFAULTS } from "./defaults.ts";

const CR = "\r";
const LF = "\n";

/** Longer ones are mistakes. */
const LONGEST_MARK = 16;

const character = z
  .string()
  .min(1)
  .max(LONGEST_MARK, `expected at most ${LONGEST_MARK} characters`)
  .refine((text) => !text.includes(CR) && !text.includes(LF), "expected a character that ends no line")
  .refine((text) => text.isWellFormed(), "expected whole characters");

const names = z
  .array(z.string())
  .min(1)
  .superRefine((fields, context) => {
    fields.forEach((field, index) => {
      if (fields.indexOf(field) === index) return;
      context.addIssue({ code: "custom", path: [index], input: field, message: "expected names that differ" });
    });
  });

const shared = {
  delimiter: character
    .default(CSV_DEFAULTS.delimiter)
    .describe("What stands between two fields: one character, or several."),
  quote: character.nullable().default(CSV_DEFAULTS.quote).describe("What surrounds a field; null: nothing does."),
  escape: character.optional().describe("What makes a quote inside quotes data; the quote itself when absent."),
  comment: character.optional().describe("A line that begins with it is no record."),
  encoding: z.enum(FILE_ENCODINGS).default(CSV_DEFAULTS.encoding).describe("How the bytes are text."),
  nulls: z
    .array(z.string())
    .default([...CSV_DEFAULTS.nulls])
    .describe("Unquoted fields that stand for null; the empty one only in typed or nullable columns."),
};

/** The `csv` keys of a source. */
export const csvSourceShape = z
  .strictObject({
    ...shared,
    quotes: z
      .enum(["strict", "literal"])
      .default(CSV_DEFAULTS.quotes)
      .describe("A quote inside an unquoted field is malformed (strict) or text (literal)."),
    header: z
      .union([z.boolean(), names])
      .default(CSV_DEFAULTS.header)
      .describe(
        "true: the first line; false: there is none, fields are column1, column2, ...; a list: there is none, these are the fields.",
      ),
    trim: z.enum(["both", "left", "right"]).optional().describe("Where blanks around a field are dropped."),
    emptyAsNull: z
      .boolean()
      .default(CSV_DEFAULTS.emptyAsNull)
      .describe("An unquoted empty field is null in every column."),
    blankLines: z
      .enum(["skip", "record"])
      .default(CSV_DEFAULTS.blankLines)
      .describe("A blank line is no record (skip) or one empty field (record)."),
    ragged: z
      .enum(["reject", "pad"])
      .default(CSV_DEFAULTS.ragged)
      .describe("A record with too few fields is a reject, or padded with null."),
  })
  .superRefine(requireDifferentMarks);

/** The `csv` keys of a sink. */
export const csvSinkShape = z
  .strictObject({
    ...shared,
    nulls: shared.nulls.describe("How null is written: the first of them. A text that is one of them is quoted."),
    header: z
      .union([z.boolean(), names])
      .default(CSV_DEFAULTS.header)
      .describe("true: a first line of column names; false: none; a list: these names instead."),
  })
  .superRefine(requireDifferentMarks);

/** All keys, as a config or a program writes them; absent ones take {@link CSV_DEFAULTS}. */
export type CsvOptions = z.input<typeof csvSourceShape>;

interface Marks {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly escape?: string | undefined;
  readonly comment?: string | undefined;
}

/** A mark with two meanings would make every file ambiguous; only the quote may be its own escape. */
function requireDifferentMarks({ delimiter, quote, escape, comment }: Marks, context: z.RefinementCtx): void {
  const compare = (key: string, mark: string | null | undefined, other: string, otherMark: string | null): void => {
    if (!mark || !otherMark) return;
    if (!mark.startsWith(otherMark) && !otherMark.startsWith(mark)) return;
    const message = `expected another character than ${other}`;
    context.addIssue({ code: "custom", path: [key], message, input: key });
  };
  compare("quote", quote, "the delimiter", delimiter);
  compare("escape", escape, "the delimiter", delimiter);
  compare("comment", comment, "the delimiter", delimiter);
  compare("comment", comment, "the quote", quote);
  if (escape !== quote) compare("escape", escape, "a part of the quote", quote);
}
