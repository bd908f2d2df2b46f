/** A CSV dialect as bytes: what scanner, splitter and encoder compare with. */
import { type FileEncoding, markBytes, type TextEncoding, textEncodingOf } from "../encodings.ts";
import { CSV_DEFAULTS } from "./defaults.ts";
import type { CsvOptions } from "./options.ts";

const TAB = 9;
const SPACE = 32;
/** A byte value that no byte has. */
const NONE = -1;

const ENCODING_NAMES: { readonly [encoding in FileEncoding]: string } = {
  "utf-8": "UTF-8",
  latin1: "Latin-1",
  "windows-1252": "Windows-1252",
  "utf-16le": "UTF-16 (little-endian)",
  "utf-16be": "UTF-16 (big-endian)",
};

/** The marks of a dialect where one of them has several bytes; null where a mark is switched off. */
export interface WideMarks {
  readonly delimiter: Buffer;
  readonly quote: Buffer | null;
  readonly escape: Buffer | null;
  readonly comment: Buffer | null;
}

/** The marks as text; null where one is switched off. */
export interface MarkTexts {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly escape: string | null;
  readonly comment: string | null;
}

/** The options of a CSV file, resolved. Bytes that are switched off, or have to be looked up in `wide`, are -1. */
export interface Dialect {
  readonly delimiter: number;
  readonly quote: number;
  /** Makes a quote inside quotes data; the quote itself unless told otherwise. */
  readonly escape: number;
  readonly comment: number;
  /** All marks, when one of them has several bytes: then {@link WideScanner} reads, and plain text is written. */
  readonly wide: WideMarks | null;
  readonly texts: MarkTexts;
  /** A quote inside an unquoted field is text. */
  readonly literalQuotes: boolean;
  readonly trimLeft: boolean;
  readonly trimRight: boolean;
  /** What the bytes are when they come here: UTF-16 has become UTF-8 before. */
  readonly encoding: TextEncoding;
  /** What the file is written in. */
  readonly fileEncoding: FileEncoding;
  /** The job's key that says so, for messages. */
  readonly encodingKey: string;
  /** `true`: the first record; `false`: none; else the names. */
  readonly header: boolean | readonly string[];
  /** Unquoted texts that are null in every column; never holds ''. */
  readonly nullMarks: ReadonlySet<string>;
  /** How null is written. */
  readonly nullText: string;
  readonly emptyAsNull: boolean;
  readonly keepBlankLines: boolean;
  readonly padRagged: boolean;
}

/**
 * Resolves the `csv` options of a format spec.
 *
 * @throws MillraceError CONFIG_INVALID for a mark that the encoding has no bytes for
 *
 * @example
 * csvDialect({ delimiter: ";" }).delimiter; // 59
 */
export function csvDialect(options: CsvOptions): Dialect {
  const fileEncoding = options.encoding ?? CSV_DEFAULTS.encoding;
  const encoding = textEncodingOf(fileEncoding);
  const trim = options.trim;
  const nulls = options.nulls ?? CSV_DEFAULTS.nulls;
  return {
    ...marksOf(options, encoding),
    literalQuotes: (options.quotes ?? CSV_DEFAULTS.quotes) === "literal",
    trimLeft: trim === "both" || trim === "left",
    trimRight: trim === "both" || trim === "right",
    encoding,
    fileEncoding,
    encodingKey: "csv.encoding",
    header: options.header ?? CSV_DEFAULTS.header,
    nullMarks: new Set(nulls.filter((mark) => mark !== "")),
    nullText: nulls[0] ?? "",
    emptyAsNull: options.emptyAsNull ?? CSV_DEFAULTS.emptyAsNull,
    keepBlankLines: (options.blankLines ?? CSV_DEFAULTS.blankLines) === "record",
    padRagged: (options.ragged ?? CSV_DEFAULTS.ragged) === "pad",
  };
}

/**
 * Lines of text as a dialect: one field called `text`, without delimiters and quotes.
 *
 * @example
 * textDialect("latin1").header; // ["text"]
 */
export function textDialect(encoding: FileEncoding): Dialect {
  return {
    ...csvDialect({ encoding, quote: null, header: ["text"], nulls: [], blankLines: "record" }),
    delimiter: NONE,
    encodingKey: "text.encoding",
  };
}

/** Whether a byte is what `trim` drops: a space or a tab, unless the delimiter is made of them. */
export function isBlank(byte: number | undefined, { delimiter, wide }: Dialect): boolean {
  if (byte !== SPACE && byte !== TAB) return false;
  return wide === null ? byte !== delimiter : !wide.delimiter.includes(byte);
}

/** For people: the bytes of a field are no text in the dialect's encoding. */
export function invalidBytes({ fileEncoding, encodingKey }: Dialect): string {
  return `the bytes are not valid ${ENCODING_NAMES[fileEncoding]}; set ${encodingKey} to what the file is written in`;
}

type Marks = Pick<Dialect, "delimiter" | "quote" | "escape" | "comment" | "wide" | "texts">;

function marksOf(options: CsvOptions, encoding: TextEncoding): Marks {
  const texts = markTexts(options);
  const bytesOf = (key: "quote" | "escape" | "comment"): Buffer | null =>
    texts[key] === null ? null : markBytes(texts[key], encoding, `csv.${key}`);
  const delimiter = markBytes(texts.delimiter, encoding, "csv.delimiter");
  const [quote, escape, comment] = [bytesOf("quote"), bytesOf("escape"), bytesOf("comment")];
  const isWide = [delimiter, quote, escape, comment].some((mark) => mark !== null && mark.length > 1);
  return {
    delimiter: byteOf(delimiter),
    quote: byteOf(quote),
    escape: byteOf(escape),
    comment: byteOf(comment),
    wide: isWide ? { delimiter, quote, escape, comment } : null,
    texts,
  };
}

function markTexts(options: CsvOptions): MarkTexts {
  const quote = options.quote === undefined ? CSV_DEFAULTS.quote : options.quote;
  return {
    delimiter: options.delimiter ?? CSV_DEFAULTS.delimiter,
    quote,
    escape: quote === null ? null : (options.escape ?? quote),
    comment: options.comment ?? null,
  };
}

function byteOf(mark: Buffer | null): number {
  return mark?.length === 1 ? (mark[0] as number) : NONE;
}
