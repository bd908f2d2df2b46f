/** Notations of dates and times that a job declares, such as "dd.MM.yyyy HH:mm". */
import { DAY_MS, daysFromCivil } from "../../core/calendar.ts";
import { MillraceError } from "../../core/errors.ts";
import { asciiBytes } from "./ascii.ts";
import { isRealDate } from "./calendar.ts";
import { offsetMs } from "./iso-timestamp.ts";

/** A local time, with the offset from UTC if the text named one. */
export interface LocalTime {
  /** Milliseconds since 1970 on the local clock. */
  readonly localMs: number;
  readonly offsetMs?: number;
}

/** Reads a text in one notation; undefined when it is not written so or names a time that does not exist. */
export type DatePattern = (text: string) => LocalTime | undefined;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const LONG_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December";

/** Every token, as Unicode's date patterns (UTS 35) and Java spell them. */
const tokens: Readonly<Record<string, string>> = {
  yyyy: "(?<year>\\d{4})",
  yy: "(?<shortYear>\\d{2})",
  MMMM: `(?<monthName>${LONG_MONTHS})`,
  MMM: "(?<monthName>[A-Za-z]{3})",
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  dd: "(?<day>\\d{2})",
  d: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{2})",
  H: "(?<hour>\\d{1,2})",
  hh: "(?<halfHour>\\d{2})",
  h: "(?<halfHour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  m: "(?<minute>\\d{1,2})",
  ss: "(?<second>\\d{2})",
  s: "(?<second>\\d{1,2})",
  a: "(?<half>[AaPp]\\.?[Mm]\\.?)",
  X: "(?<offset>[Zz]|[+-]\\d{2}(?:\\d{2})?)",
  XX: "(?<offset>[Zz]|[+-]\\d{4})",
  XXX: "(?<offset>[Zz]|[+-]\\d{2}:\\d{2})",
};

/**
 * Compiles a pattern: `yyyy yy MMMM MMM MM M dd d HH H hh h mm m ss s S..S a X XX XXX`, 'quoted text', and everything
 * that is no letter stands for itself. `yy` means 1970 to 2069; month names are English.
 *
 * @throws MillraceError CONFIG_INVALID for letters that mean nothing, or a pattern without year, month and day
 */
export function datePattern(pattern: string): DatePattern {
  const expression = compile(pattern);
  return (text) => {
    const parts = expression.exec(text)?.groups;
    return parts === undefined ? undefined : localTime(parts);
  };
}

function compile(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /'(?<quoted>(?:[^']|'')*)'|(?<letters>([A-Za-z])\3*)|[^A-Za-z]/g,
    (match, ...rest) => {
      const { quoted, letters } = rest.at(-1) as { readonly quoted?: string; readonly letters?: string };
      if (quoted !== undefined) return RegExp.escape(quoted === "" ? "'" : quoted.replaceAll("''", "'"));
      return letters === undefined ? RegExp.escape(match) : tokenSource(letters, pattern);
    },
  );
  try {
    const complete = /<(?:shortY|y)ear>/.test(source) && /<month(?:Name)?>/.test(source) && source.includes("<day>");
    if (complete) return new RegExp(`^${source}$`, "i");
  } catch (cause) {
    throw patternError(pattern, "a part stands in it twice", cause);
  }
  throw patternError(pattern, "it needs a year, a month and a day");
}

function tokenSource(letters: string, pattern: string): string {
  const source = /^S{1,9}$/.test(letters) ? `(?<fraction>\\d{${letters.length}})` : tokens[letters];
  if (source === undefined) throw patternError(pattern, `"${letters}" means nothing; put literal text in 'quotes'`);
  return source;
}

function patternError(pattern: string, why: string, cause?: unknown): MillraceError {
  const message = `formats: "${pattern}" is no date pattern: ${why} (an example: yyyy-MM-dd HH:mm:ss)`;
  return new MillraceError("CONFIG_INVALID", message, { cause });
}

type Parts = Readonly<Record<string, string | undefined>>;

function localTime(parts: Parts): LocalTime | undefined {
  const year = yearOf(parts);
  const month = parts["month"] === undefined ? monthOf(parts["monthName"]) : Number(parts["month"]);
  const day = Number(parts["day"]);
  const hour = hourOf(parts);
  const [minute, second] = [Number(parts["minute"] ?? 0), Number(parts["second"] ?? 0)];
  if (!isRealDate(year, month, day) || !(hour < 24) || minute > 59 || second > 59) return undefined;
  const fraction = Number((parts["fraction"] ?? "").slice(0, 3).padEnd(3, "0"));
  const localMs = daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + fraction;
  return parts["offset"] === undefined ? { localMs } : withOffset(localMs, parts["offset"]);
}

function withOffset(localMs: number, text: string): LocalTime | undefined {
  if (text.length === 1) return { localMs, offsetMs: 0 };
  const offset = offsetMs(asciiBytes(text), 1, text.length);
  return Number.isNaN(offset) ? undefined : { localMs, offsetMs: text.startsWith("-") ? -offset : offset };
}

function yearOf(parts: Parts): number {
  if (parts["year"] !== undefined) return Number(parts["year"]);
  const short = Number(parts["shortYear"]);
  return short < 70 ? 2000 + short : 1900 + short;
}

function monthOf(name: string | undefined): number {
  return MONTHS.indexOf((name ?? "").slice(0, 3).toLowerCase()) + 1;
}

function hourOf(parts: Parts): number {
  if (parts["halfHour"] === undefined) return Number(parts["hour"] ?? 0);
  const hour = Number(parts["halfHour"]);
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (/^p/i.test(parts["half"] ?? "") ? 12 : 0);
}
