/**
 * What the text of a Postgres value is in JavaScript, by its type. `docs/postgres-source.md` has the table.
 *
 * What JavaScript has no value for stays the text as Postgres writes it (infinite dates, years before Christ, arrays with
 * bounds of their own), and so does what is inside an array unless it is a number or a boolean: so whatever is handed on,
 * by its bytes or by its value, is read by Postgres as what it was.
 */
import type { FieldKind } from "../../core/ports/format.ts";
import type { FieldNotation } from "../../core/ports/placed-fields.ts";
import type { Comparison } from "../csv/field-plan.ts";
import { isoTimestamp } from "../values/iso-timestamp.ts";
import { nestingExceeds } from "../values/json-depth.ts";
import { anyPlain, type ColumnReader, INVALID, TEXT } from "../values/column-reader.ts";
import { intReader } from "../values/numbers.ts";
import { arrayOf } from "./array-text.ts";

/** How the fields of one type are read. */
export interface ValueReader {
  /** Absent for types whose value is their text. */
  readonly reader?: ColumnReader;
  readonly comparison: Comparison;
  readonly kind: FieldKind;
  readonly notation: FieldNotation;
}

const utc = (localMs: number): number => localMs;
const isNull = /^\s*null\s*$/;
const isString = /^\s*"/;

const asText: ValueReader = { comparison: "value", kind: "text", notation: "text" };

const integer: ValueReader = { reader: intReader, comparison: "value", kind: "int", notation: "digits" };

const bigInteger: ValueReader = {
  reader: readerOf("a whole number", (text) => BigInt(text)),
  comparison: "value",
  kind: "digits",
  notation: "digits",
};

const float: ValueReader = {
  reader: readerOf("a number", (text) => Number(text)),
  comparison: "value",
  kind: "other",
  notation: "float",
};

/** `t` and `f` mean nothing to anybody else. */
const boolean: ValueReader = {
  reader: { ...readerOf("t or f", (text) => text === "t"), plain: () => false },
  comparison: "value",
  kind: "other",
  notation: "truth",
};

const timestamp: ValueReader = {
  reader: {
    ...readerOf("a timestamp", (text) => {
      const value = instantOf(Buffer.from(text, "latin1"), 0, text.length);
      return value === TEXT ? text : value;
    }),
    readBytes: instantOf,
  },
  comparison: "time",
  kind: "time",
  notation: "text",
};

/** A string and null by themselves stay JSON text: what takes a text for JSON would take them for something else. */
const json: ValueReader = {
  reader: readerOf("JSON", (text) => {
    if (isString.test(text) || isNull.test(text) || nestingExceeds(text)) return text;
    return JSON.parse(text) as unknown;
  }),
  comparison: "content",
  kind: "other",
  notation: "other",
};

const bytes: ValueReader = {
  reader: readerOf("bytes", (text) => new Uint8Array(Buffer.from(text.slice(2), "hex"))),
  comparison: "content",
  kind: "other",
  notation: "text",
};

const readers: ReadonlyMap<string, ValueReader> = new Map([
  ...["smallint", "integer", "oid"].map((type) => [type, integer] as const),
  ["bigint", bigInteger],
  ...["real", "double precision"].map((type) => [type, float] as const),
  ["boolean", boolean],
  ...["timestamp without time zone", "timestamp with time zone"].map((type) => [type, timestamp] as const),
  ...["json", "jsonb"].map((type) => [type, json] as const),
  ["bytea", bytes],
]);

/** What an element of an array is; types that are not here are their text. */
const elements: ReadonlyMap<string, (text: string) => unknown> = new Map<string, (text: string) => unknown>([
  ...["smallint", "integer", "oid"].map((type) => [type, Number] as const),
  ["bigint", BigInt],
  ...["real", "double precision"].map((type) => [type, finiteOf] as const),
  ["boolean", (text: string) => text === "t"],
]);

/**
 * How values of a type are read.
 *
 * @param type as `format_type` spells it, a domain's base type for a domain; an unknown one is text
 */
export function valueReader(type: string): ValueReader {
  const name = type.replaceAll(/\(.*?\)/g, "");
  if (!name.endsWith("[]")) return readers.get(name) ?? asText;
  const element = name.slice(0, -"[]".length);
  // between boxes stand semicolons, which only Postgres knows
  if (element === "box") return asText;
  const read = elements.get(element) ?? ((text) => text);
  // in an array of JSON values an array is taken for one of them, not for a further dimension
  const isFlat = element === "json" || element === "jsonb";
  const reader = readerOf("an array", (text) =>
    isFlat && text.startsWith("{{") ? text : (arrayOf(text, read) ?? text),
  );
  // only Postgres reads its own notation of an array
  const plainly = { ...reader, plain: (text: string) => !text.startsWith("{") };
  return { reader: plainly, comparison: "content", kind: "other", notation: "other" };
}

/** A reader of what the server has written; anything else is a value that it has not. */
function readerOf(expected: string, read: (text: string) => unknown): ColumnReader {
  const readOrRefuse = (text: string): unknown => {
    try {
      return read(text);
    } catch {
      return INVALID;
    }
  };
  return { expected, exact: false, read: readOrRefuse, readJson: () => INVALID, plain: anyPlain };
}

/** A Date, or the text of a time that a Date does not hold. */
function instantOf(from: Buffer, begin: number, end: number): Date | typeof TEXT {
  const instant = isoTimestamp(from, begin, end, utc);
  return Number.isNaN(instant) ? TEXT : new Date(instant);
}

/** JSON has no notation for the others and loses the sign of a zero, so inside an array they stay text. */
function finiteOf(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) && !Object.is(value, -0) ? value : text;
}
