/** A CSV dialect as bytes: what scanner, splitter and encoder compare with. */
import { MillraceError } from "../../core/errors.ts";
import { CSV_DEFAULTS } from "./defaults.ts";
import type { CsvOptions } from "./options.ts";

const TAB = 9;
const SPACE = 32;
/** A byte value that no byte has. */
const NONE = -1;

/** The options of a CSV file, resolved. Bytes that are switched off are -1. */
export interface Dialect {
  readonly delimiter: number;
  readonly quote: number;
  /** Makes a quote inside quotes data; the quote itself unless told otherwise. */
  readonly escape: number;
  readonly comment: number;
  /** A quote inside an unquoted field is text. */
  readonly literalQuotes: boolean;
  readonly trimLeft: boolean;
  readonly trimRight: boolean;
  readonly encoding: "utf-8" | "latin1";
  /** `true`: the first record; `false`: none; else the names. */
  readonly header: boolean | readonly string[];
  /** Unquoted texts that are null in every column; never holds ''. */
  readonly nullMarks: ReadonlySet<string>;
  readonly emptyAsNull: boolean;
  readonly keepBlankLines: boolean;
  readonly padRagged: boolean;
}

/**
 * Resolves the `csv` options of a format spec.
 *
 * @throws MillraceError NOT_BUILT for what a later release reads: marks of several bytes, other encodings
 *
 * @example
 * csvDialect({ delimiter: ";" }).delimiter; // 59
 */
export function csvDialect(options: CsvOptions): Dialect {
  const quote = options.quote === undefined ? CSV_DEFAULTS.quote : options.quote;
  const trim = options.trim;
  return {
    delimiter: byteOf(options.delimiter ?? CSV_DEFAULTS.delimiter, "delimiter"),
    quote: byteOf(quote, "quote"),
    escape: quote === null ? NONE : byteOf(options.escape ?? quote, "escape"),
    comment: byteOf(options.comment ?? null, "comment"),
    literalQuotes: (options.quotes ?? CSV_DEFAULTS.quotes) === "literal",
    trimLeft: trim === "both" || trim === "left",
    trimRight: trim === "both" || trim === "right",
    encoding: builtEncoding(options.encoding ?? CSV_DEFAULTS.encoding),
    header: options.header ?? CSV_DEFAULTS.header,
    nullMarks: new Set((options.nulls ?? CSV_DEFAULTS.nulls).filter((mark) => mark !== "")),
    emptyAsNull: options.emptyAsNull ?? CSV_DEFAULTS.emptyAsNull,
    keepBlankLines: (options.blankLines ?? CSV_DEFAULTS.blankLines) === "record",
    padRagged: (options.ragged ?? CSV_DEFAULTS.ragged) === "pad",
  };
}

/** Whether a byte is what `trim` drops: a space, or a tab that does not separate fields. */
export function isBlank(byte: number | undefined, dialect: Dialect): boolean {
  return (byte === SPACE || byte === TAB) && byte !== dialect.delimiter;
}

function byteOf(mark: string | null, key: string): number {
  if (mark === null) return NONE;
  const code = mark.charCodeAt(0);
  if (mark.length === 1 && code < 128) return code;
  throw new MillraceError(
    "NOT_BUILT",
    `csv.${key}: ${JSON.stringify(mark)} is not read yet: expected a single ASCII character`,
  );
}

function builtEncoding(encoding: string): "utf-8" | "latin1" {
  if (encoding === "utf-8" || encoding === "latin1") return encoding;
  throw new MillraceError("NOT_BUILT", `csv.encoding: ${encoding} is not read yet: expected utf-8 or latin1`);
}
