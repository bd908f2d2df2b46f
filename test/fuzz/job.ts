/** Draws a job: a source, a transform or none, and sinks of any format. */
import type { EncodeSpec, Format, OutputColumn } from "../../src/core/ports/format.ts";
import type { Columns } from "../../src/core/record.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { CsvDecoder } from "../../src/formats/csv/decode.ts";
import { csvDialect } from "../../src/formats/csv/dialect.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";
import { CopyBinaryEncoder } from "../../src/formats/pg-copy/binary/encode-binary.ts";
import { TextStretch } from "../../src/formats/pg-copy/binary/text-stretch.ts";
import { Dice } from "./dice.ts";
import { NAMES } from "./names.ts";
import { drawSource, type SourceFile } from "./source-file.ts";
import { typesFor } from "./table.ts";
import { drawTransform, type FuzzTransform } from "./transform.ts";

/** All that a seed says. */
export interface FuzzJob {
  readonly source: SourceFile;
  /** Null: records come out as they went in. */
  readonly transform: FuzzTransform | null;
  readonly sinks: readonly EncodeSpec[];
  /** Rows that follow as text when the binary encoder has come upon one that only text can hold. */
  readonly stretch: number;
  /** Sizes of chunks to try: in bytes, or in rows where the source frames them. */
  readonly chunkings: readonly (readonly number[])[];
}

const SINKS = ["jsonl", "jsonl declared", "csv", "csv", "pg-copy", "pg-copy-binary", "pg-copy-binary"] as const;

const POSTGRES_TYPES: readonly string[] = [
  ...[
    "text",
    "varchar",
    "int2",
    "int4",
    "int8",
    "numeric",
    "numeric(12,2)",
    "float4",
    "float8",
    "bool",
    "date",
    "time",
  ],
  ...["timestamp", "timestamptz", "uuid", "json", "jsonb", "bytea", "integer[]", "_text", "numeric[]", "enum", "inet"],
];
/** With a type that has no binary form all rows are text. */
const BINARY_TYPES = POSTGRES_TYPES.filter((type) => type !== "inet");

/** The job of a seed. */
export function drawJob(seed: number): FuzzJob {
  const dice = new Dice(seed);
  const drawn = drawSource(dice);
  const source = dice.chance(0.2) ? withSelection(drawn, dice) : drawn;
  const { names } = source;
  const keys = [...dice.some(names, dice.between(1, names.length)), ...(dice.chance(0.2) ? dice.some(NAMES, 1) : [])];
  const outputs = [...new Set(keys)];
  const hasTransform = dice.chance(0.7);
  const transform = hasTransform ? drawTransform(names, outputs, dice) : null;
  const columns = hasTransform && dice.chance(0.8) ? outputs : names;
  const sinks = dice
    .some(SINKS, dice.between(1, 3))
    .map((kind, number) => drawSink(kind, { number, names: columns, columns: source.spec.columns }, dice));
  const framed = source.ends !== undefined;
  const sizes = framed ? [1, 1, 2, 3, 10] : [1, 2, 3, 5, 13, 40, 200, 1_000];
  const chunkings = [
    [framed ? 1_000 : 1_000_000],
    ...dice.times(2, () => dice.times(dice.between(1, 4), () => dice.pick(sizes))),
  ];
  return { source, transform, sinks, chunkings, stretch: dice.pick([0, 0, 2, 256]) };
}

/** How formats differ from those of a run. */
interface FormatChange {
  /** Rows after which the binary encoder goes back to binary; a run's own are too many for a test. */
  readonly stretch: number;
  /** Whether CSV is scanned without WebAssembly. */
  readonly plainScanner?: boolean;
}

/** The formats by name. */
export function formatsWith({ stretch, plainScanner = false }: FormatChange): (name: string) => Format {
  return (name) => {
    const format = formatByName(name);
    if (name === "pg-copy-binary") {
      return { ...format, encoder: (spec) => new CopyBinaryEncoder(spec, new TextStretch(stretch)) };
    }
    if (name !== "csv" || !plainScanner) return format;
    const plainly = { machine: null };
    return {
      ...format,
      decoder: (spec) => new CsvDecoder({ ...spec, ...plainly, dialect: csvDialect(spec.options), fields: spec }),
    };
  };
}

/** The same source of which fields are chosen and renamed. */
function withSelection(source: SourceFile, dice: Dice): SourceFile {
  const select = dice.some(source.names, dice.between(1, source.names.length));
  const renamed = dice.chance(0.5) ? dice.some(select, 1) : [];
  const rename = Object.fromEntries(renamed.map((name) => [name, `${name}!`]));
  const names = select.map((name) => (renamed.includes(name) ? `${name}!` : name));
  const isPicked = dice.chance(0.8);
  const spec = { ...source.spec, ...(isPicked && { select }), rename };
  const all = source.names.map((name) => (renamed.includes(name) ? `${name}!` : name));
  return { ...source, spec, names: isPicked ? names : all };
}

interface SinkParts {
  readonly number: number;
  readonly names: readonly string[];
  /** What is declared of the source's fields. */
  readonly columns: Columns;
}

function drawSink(
  kind: (typeof SINKS)[number],
  { number, names, columns: declaredOf }: SinkParts,
  dice: Dice,
): EncodeSpec {
  const [format = "", declared] = kind.split(" ");
  const columns = (dice.chance(0.2) ? dice.some(names, names.length) : names).map((name) =>
    column(format, name, declaredOf, dice),
  );
  return {
    sink: `sink${number}`,
    format,
    options: format === "csv" ? drawCsv(dice) : {},
    columns: format === "jsonl" && declared === undefined ? null : columns,
    needsColumns: format !== "jsonl",
    onUnknownField: dice.chance(0.3) ? "error" : "ignore",
  };
}

function column(format: string, name: string, declared: Columns, dice: Dice): OutputColumn {
  if (!format.startsWith("pg-copy")) return { name };
  const own = Object.hasOwn(declared, name) ? declared[name]?.type : "string";
  if (own !== undefined && dice.chance(0.8)) return { name, type: dice.pick(typesFor(own)) };
  return { name, type: dice.pick(dice.chance(0.05) ? POSTGRES_TYPES : BINARY_TYPES) };
}

function drawCsv(dice: Dice): CsvOptions {
  return {
    ...(dice.chance(0.3) && { delimiter: dice.pick([";", "\t", "||"]) }),
    ...(dice.chance(0.2) && { quote: "'" }),
    ...(dice.chance(0.2) && { nulls: dice.pick([["NA"], ["", "NA"]]) }),
    ...(dice.chance(0.1) && { encoding: dice.pick(["latin1", "windows-1252", "utf-16le"] as const) }),
  };
}
