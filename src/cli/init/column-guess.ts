/**
 * The type of one column, from its values.
 *
 * Every type that a value does not fit is struck off; what is left at the end is judged as a person would: digits behind
 * a leading zero are a code and no number, prices keep their exact digits, measurements are floats.
 */
import type { Column } from "../../core/record.ts";
import { columnReader, INVALID } from "../../formats/values/column-reader.ts";
import { COMPACT_DATE_FORMAT, DATE_FORMATS, isMonthFirst, TIMESTAMP_FORMATS } from "./temporal-formats.ts";

/** What JSON values are to TypeScript. */
export type JsonType = "string" | "number" | "boolean" | "unknown";

/** What is known of a field in the end. */
export interface InferredField {
  readonly name: string;
  /** null: values of several types, which best stay what they are; `mixed` says which. */
  readonly column: Column | null;
  readonly mixed?: readonly JsonType[];
  /** Some value stood for null, or was missing. */
  readonly hasNulls: boolean;
  /** Marks that stand for null in it, such as NA. */
  readonly marks: readonly string[];
  /** The largest number met, for choosing a table's type. */
  readonly largest: number;
  /** What a reader of the result has to know. */
  readonly note?: string;
}

/** What files write where a value is missing. */
const NULL_MARKS: ReadonlySet<string> = new Set([
  "NA",
  "N/A",
  "n/a",
  "#N/A",
  "null",
  "NULL",
  "Null",
  "None",
  "nil",
  "\\N",
  "NaN",
  "nan",
  "-",
  "--",
  "?",
  ".",
  "(null)",
]);

/** Whether files write this where a value is missing. */
export function isNullMark(text: string): boolean {
  return NULL_MARKS.has(text);
}

const BOOLEAN_PAIRS = [
  ["true", "false"],
  ["yes", "no"],
  ["y", "n"],
  ["t", "f"],
  ["on", "off"],
] as const;
const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const CODE_NAME = /(?:^|[_\s-])(?:zip|postal|postcode|plz|phone|fax|mobile|iban|isbn|ean|ssn)/i;
const MONEY_NAME = /(?:price|amount|cost|total|revenue|salary|balance|fee|tax|gross|budget|payment)/i;
const DAY_NAME = /(?:date|day|_on$|_at$|^dt)/i;
/** Digits behind the point that prices are quoted with. */
const MOST_MONEY_DIGITS = 4;
/** Decimal digits that a double holds whatever they are. */
const DOUBLE_DIGITS = 17;
const MOST_WORDS = 12;
/** Three groups of digits, or a month's name and digits, or eight digits; spares most columns the trial of every notation. */
const TIME_LIKE = /\d\D+\d+\D+\d|[A-Za-z]{3}\D*\d+\D+\d|\d[\s-][A-Za-z]{3}|^\d{8}$/;
const LONGEST_TIME = 40;

type Read = (text: string) => unknown;

/** Notations that still fit, found with the first value. */
interface Notations {
  readonly type: "date" | "timestamp";
  formats: readonly { readonly format: string; readonly read: Read }[];
}

/** Takes the values of one column. */
export class ColumnGuess {
  readonly name: string;
  readonly #marks = new Map<string, number>();
  readonly #words = new Set<string>();
  readonly #scales = new Set<number>();
  #values = 0;
  #nulls = 0;
  #isInteger = true;
  #isNumber = true;
  #isSafe = true;
  #hasExponent = false;
  #isCode = false;
  #largest = 0;
  #digits = 0;
  #isUuid = true;
  #isJson = true;
  #temporal: readonly Notations[] | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** A missing value. */
  addNull(): void {
    this.#nulls++;
  }

  /** A text; an empty one stands for null. */
  add(text: string): void {
    if (text === "") return this.addNull();
    if (isNullMark(text)) {
      this.#marks.set(text, (this.#marks.get(text) ?? 0) + 1);
      return;
    }
    this.#values++;
    if (this.#words.size < MOST_WORDS) this.#words.add(text.toLowerCase());
    if (this.#isNumber) this.#addNumber(text);
    this.#addTemporal(text);
    if (this.#isUuid) this.#isUuid = fits({ type: "uuid" }, text);
    if (this.#isJson) this.#isJson = /^[{[]/.test(text) && fits({ type: "json" }, text);
  }

  /** What the column is, as far as its values tell. */
  result(): InferredField & { readonly column: Column } {
    const column = this.#values === 0 ? { type: "string" as const } : this.#column();
    const isTyped = column.type !== "string";
    const note = column.formats?.some((format) => isMonthFirst(format)) === true ? this.#monthNote(column) : undefined;
    return {
      name: this.name,
      column,
      hasNulls: this.#nulls > 0 || (isTyped && this.#marks.size > 0),
      marks: isTyped ? [...this.#marks.keys()] : [],
      largest: this.#largest,
      ...(note === undefined ? {} : { note }),
    };
  }

  #column(): Column {
    if (this.#isBoolean()) return { type: "boolean" };
    const temporal = this.#temporalColumn();
    const compact = temporal?.formats?.[0] === COMPACT_DATE_FORMAT;
    if (this.#isNumber && !this.#isCode && !compact) return { type: this.#numberType() };
    if (temporal !== undefined) return temporal;
    if (this.#isUuid) return { type: "uuid" };
    return { type: this.#isJson ? "json" : "string" };
  }

  /** Both words of a pair have to be there, save for true and false: a column of nothing but "no" may be anything. */
  #isBoolean(): boolean {
    const words = this.#words;
    return BOOLEAN_PAIRS.some(([yes, no]) => {
      const only = [...words].every((word) => word === yes || word === no);
      return only && (yes === "true" || words.size === 2);
    });
  }

  #addNumber(text: string): void {
    if (!NUMBER.test(text)) {
      this.#isNumber = false;
      return;
    }
    const value = Math.abs(Number(text));
    this.#largest = Math.max(this.#largest, value);
    this.#isInteger &&= INTEGER.test(text);
    this.#isSafe &&= value <= Number.MAX_SAFE_INTEGER;
    this.#hasExponent ||= /[eE]/.test(text);
    // A code's zeros would be lost, and its sign
    this.#isCode ||= /^[+-]?0\d/.test(text) || text.startsWith("+");
    this.#digits = Math.max(this.#digits, text.replace(/[eE].*$/, "").replaceAll(/\D|^-?0\.0*/g, "").length);
    this.#scales.add(/\.(?<digits>\d*)/.exec(text)?.groups?.["digits"]?.length ?? 0);
  }

  #numberType(): "int" | "bigint" | "decimal" | "float" | "string" {
    if (this.#isInteger) {
      if (CODE_NAME.test(this.name)) return "string";
      return this.#isSafe ? "int" : "bigint";
    }
    if (this.#hasExponent) return "float";
    const isMoney = MONEY_NAME.test(this.name) && Math.max(...this.#scales) <= MOST_MONEY_DIGITS;
    return isMoney || this.#digits > DOUBLE_DIGITS ? "decimal" : "float";
  }

  #addTemporal(text: string): void {
    this.#temporal ??= [
      notations("date", DAY_NAME.test(this.name) ? [...DATE_FORMATS, COMPACT_DATE_FORMAT] : DATE_FORMATS, text),
      notations("timestamp", TIMESTAMP_FORMATS, text),
    ];
    for (const kind of this.#temporal) {
      if (kind.formats.length > 0) kind.formats = kind.formats.filter(({ read }) => read(text) !== INVALID);
    }
  }

  #temporalColumn(): Column | undefined {
    for (const { type, formats } of this.#temporal ?? []) {
      const [first] = formats;
      if (first !== undefined) return first.format === "ISO" ? { type } : { type, formats: [first.format] };
    }
    return undefined;
  }

  /** Told only where the other order would fit as well. */
  #monthNote({ type, formats = [] }: Column): string | undefined {
    const left = (this.#temporal ?? []).find((kind) => kind.type === type)?.formats ?? [];
    const other = left.find(({ format }) => /^dd?[/-]MM?[/-]/.test(format));
    return other === undefined ? undefined : `read as ${formats[0] ?? ""}; it could be ${other.format} just as well`;
  }
}

/** The notations of a list that the first value is written in. */
function notations(type: Notations["type"], formats: readonly string[], text: string): Notations {
  if (text.length > LONGEST_TIME || !TIME_LIKE.test(text)) return { type, formats: [] };
  const readers = formats.map((format) => ({ format, read: readerOf(type, format) }));
  return { type, formats: readers.filter(({ read }) => read(text) !== INVALID) };
}

const readers = new Map<string, Read>();

/** Compiled once, as there are hundreds and every column begins with all of them. */
function readerOf(type: Notations["type"], format: string): Read {
  const key = `${type} ${format}`;
  const known = readers.get(key);
  if (known !== undefined) return known;
  const reader = columnReader({ type, formats: [format] });
  const read: Read = (text) => reader.read(text);
  readers.set(key, read);
  return read;
}

function fits(column: Column, text: string): boolean {
  return columnReader(column).read(text) !== INVALID;
}
