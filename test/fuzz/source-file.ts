/** Draws what a job reads: bytes in a format, mostly good, and what is declared of them. */
import type { DecodeSpec } from "../../src/core/ports/format.ts";
import { type Column, COLUMN_TYPES, type Columns, type ColumnType } from "../../src/core/record.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";
import { copySource } from "./copy-rows.ts";
import type { Dice } from "./dice.ts";
import { jsonRecord } from "./json-records.ts";
import { NAMES } from "./names.ts";
import { type Text, textOf } from "./texts.ts";

/** A split and how it is to be read. */
export interface SourceFile {
  readonly spec: DecodeSpec;
  readonly bytes: Uint8Array;
  /** Names of the fields, where the format needs to be told them. */
  readonly fields: readonly string[] | undefined;
  /** Of a source that frames its records. */
  readonly ends: Int32Array | undefined;
  /** What a transform may ask for. */
  readonly names: readonly string[];
}

/** Below it in bytes a record is read, and above it refused; small, so that some are. */
const RECORD_LIMITS = [200, 2_000, 20_000] as const;

const ODD = [0.01, 0.03, 0.2, 0.6] as const;

/** A source of any format. */
export function drawSource(dice: Dice): SourceFile {
  const kind = dice.pick(["csv", "csv", "csv", "csv", "jsonl", "jsonl", "json", "text", "pg-copy"] as const);
  const names = kind === "text" ? ["text"] : dice.some(NAMES, dice.between(1, dice.chance(0.05) ? 12 : 6));
  const columns = kind === "pg-copy" && dice.chance(0.7) ? {} : drawColumns(names, dice);
  const maxRecordBytes = dice.pick(RECORD_LIMITS);
  return drawRecords(kind, { names, columns, maxRecordBytes, rows: dice.between(1, 14), odd: dice.pick(ODD) }, dice);
}

/** A source of one format with fields that are known. */
export function drawRecords(kind: "csv" | "jsonl" | "json" | "text" | "pg-copy", drawn: Drawn, dice: Dice): SourceFile {
  switch (kind) {
    case "csv":
      return csvSource(drawn, dice);
    case "jsonl":
    case "json":
      return jsonSource(kind, drawn, dice);
    case "text":
      return textSource(drawn, dice);
    case "pg-copy":
      return copySource(drawn, dice);
  }
}

/** What all formats have in common. */
export interface Drawn {
  readonly names: readonly string[];
  readonly columns: Columns;
  readonly maxRecordBytes: number;
  readonly rows: number;
  /** Share of the values that are not as they should be. */
  readonly odd: number;
  /** Texts that some fields may have beside those of their declared type. */
  readonly texts?: ReadonlyMap<string, readonly string[]>;
}

function drawColumns(names: readonly string[], dice: Dice): Columns {
  const declared = names.flatMap((name): [string, Column][] => (dice.chance(0.75) ? [[name, drawColumn(dice)]] : []));
  return Object.fromEntries(declared);
}

/** A declared column of any type. */
export function drawColumn(dice: Dice): Column {
  const type = dice.pick<ColumnType>([...COLUMN_TYPES, "int", "timestamp", "decimal"]);
  const isTime = type === "timestamp" || type === "date";
  return {
    type,
    ...(dice.chance(0.4) && { nullable: dice.chance(0.6) }),
    ...(isTime &&
      dice.chance(0.2) && { formats: dice.pick([["ISO"], ["ISO", "dd.MM.yyyy"], ["d.M.yyyy", "yyyy-MM-dd"]]) }),
    ...(type === "timestamp" &&
      dice.chance(0.3) && { timezone: dice.pick(["UTC", "Europe/Berlin", "America/New_York"]) }),
  };
}

function typeOf({ columns }: Drawn, name: string): ColumnType {
  return Object.hasOwn(columns, name) ? (columns[name] as Column).type : "string";
}

function fieldText(drawn: Drawn, name: string, dice: Dice): Text {
  const own = drawn.texts?.get(name);
  return own === undefined || dice.chance(0.1) ? textOf(typeOf(drawn, name), drawn.odd, dice) : dice.pick(own);
}

function csvSource(drawn: Drawn, dice: Dice): SourceFile {
  const options = drawDialect(dice);
  const { delimiter = ",", quote = '"', escape = quote } = options;
  const cell = (text: Text): Buffer => {
    const bytes = Buffer.from(text);
    if (quote === null || (!bytes.includes(quote) && !bytes.includes(delimiter) && !dice.chance(0.25))) return bytes;
    const inside = bytes.toString("latin1").replaceAll(quote, () => `${escape}${quote}`);
    return Buffer.from(`${quote}${inside}${quote}`, "latin1");
  };
  const lines = dice.times(drawn.rows, () => {
    const width = dice.chance(drawn.odd / 10) ? dice.between(0, drawn.names.length + 1) : drawn.names.length;
    const cells = dice.times(width, (i) => cell(fieldText(drawn, drawn.names[i] ?? "", dice)));
    const separated = cells.flatMap((bytes, i) => (i === 0 ? [bytes] : [Buffer.from(delimiter), bytes]));
    return Buffer.concat([...separated, Buffer.from(dice.chance(0.15) ? "\r\n" : "\n")]);
  });
  const bytes = spoilt(Buffer.concat([...(dice.chance(0.05) ? [BOM] : []), ...lines]), drawn.odd, dice);
  return sourceOf("csv", { ...options, header: [...drawn.names] }, drawn, bytes, drawn.names);
}

function drawDialect(dice: Dice): CsvOptions {
  const wide = dice.chance(0.1);
  return {
    ...(dice.chance(0.4) && { delimiter: wide ? dice.pick(["||", "-;-"]) : dice.pick([";", "\t", "|", "\u0001"]) }),
    ...(dice.chance(0.2) && { quote: dice.pick(["'", null]) }),
    ...(dice.chance(0.1) && { escape: "\\" }),
    ...(dice.chance(0.1) && { comment: "#" }),
    ...(dice.chance(0.15) && { trim: dice.pick(["both", "left", "right"] as const) }),
    ...(dice.chance(0.2) && { quotes: dice.pick(["strict", "literal"] as const) }),
    ...(dice.chance(0.2) && { nulls: dice.pick([["NA"], ["", "NA"], []]) }),
    ...(dice.chance(0.15) && { emptyAsNull: true }),
    ...(dice.chance(0.1) && { blankLines: "record" as const }),
    ...(dice.chance(0.15) && { ragged: "pad" as const }),
    ...(dice.chance(0.15) && { encoding: dice.pick(["latin1", "windows-1252"] as const) }),
  };
}

const BOM = Buffer.from("\uFEFF");

function jsonSource(format: "jsonl" | "json", drawn: Drawn, dice: Dice): SourceFile {
  const fieldOf = (name: string) => ({ type: typeOf(drawn, name), text: fieldText(drawn, name, dice).toString() });
  const records = dice.times(drawn.rows, () => Buffer.from(jsonRecord(drawn, fieldOf, dice)));
  const line = Buffer.from(dice.pick(["\n", "\n", "\r\n"]));
  if (format === "jsonl") {
    const bytes = spoilt(Buffer.concat(records.flatMap((record) => [record, line])), drawn.odd, dice);
    return sourceOf(format, {}, drawn, bytes, undefined);
  }
  const comma = Buffer.from(dice.pick([",", ",\n", " ,\n\t"]));
  const elements = records.flatMap((record, i) => (i === 0 ? [record] : [comma, record]));
  const array = Buffer.concat([Buffer.from("["), line, ...elements, line, Buffer.from("]")]);
  return sourceOf(format, {}, drawn, dice.chance(0.5) ? array : spoilt(array, drawn.odd, dice), undefined);
}

function textSource(drawn: Drawn, dice: Dice): SourceFile {
  const lines = dice.times(drawn.rows, () => Buffer.from(fieldText(drawn, "text", dice)));
  const bytes = spoilt(
    Buffer.concat(lines.flatMap((line) => [line, Buffer.from(dice.pick(["\n", "\r\n"]))])),
    drawn.odd,
    dice,
  );
  return sourceOf("text", dice.chance(0.2) ? { encoding: "latin1" } : {}, drawn, bytes, ["text"]);
}

function sourceOf(
  format: string,
  options: DecodeSpec["options"],
  { names, columns, maxRecordBytes }: Drawn,
  bytes: Uint8Array,
  fields: readonly string[] | undefined,
): SourceFile {
  return { spec: { format, options, columns, maxRecordBytes }, bytes, fields, ends: undefined, names };
}

/** Now and then a few bytes are changed, lost or too many, and the last line end is missing. */
function spoilt(bytes: Buffer, odd: number, dice: Dice): Buffer {
  let spoiling = bytes;
  while (dice.chance(odd)) {
    const at = dice.between(0, spoiling.length);
    const odd = Buffer.from(dice.pick(['"', "\n", "\r", ",", "\\", "[", "{", "\0", "é", " "]));
    const lost = dice.between(0, 2);
    spoiling = Buffer.concat([
      spoiling.subarray(0, at),
      ...(dice.chance(0.7) ? [odd] : []),
      spoiling.subarray(at + lost),
    ]);
  }
  return dice.chance(0.15) ? spoiling.subarray(0, -1) : spoiling;
}
