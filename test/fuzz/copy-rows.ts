/** Draws rows as the server's COPY TO STDOUT gives them. */
import type { Dice } from "./dice.ts";
import type { Drawn, SourceFile } from "./source-file.ts";

const WORDS = [
  "",
  "a",
  "x y",
  "tab\there",
  "two\nlines",
  "back\\slash",
  "naïve 東京 😀",
  "\\N",
  '{"a":1}',
  "long ".repeat(50),
  "\u0001",
];

/** Values in the server's own notation, by the type as `format_type` spells it. */
const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ["text", WORDS],
  ["character varying(70)", WORDS],
  ["smallint", ["0", "-1", "32767"]],
  ["integer", ["0", "7", "-2147483648"]],
  ["bigint", ["0", "-7", "9223372036854775807"]],
  ["numeric(20,4)", ["0.0000", "1.5000", "-123456789.1235", "NaN"]],
  ["numeric", ["1.50", "123456789012345678901234567890.1", "Infinity", "0"]],
  ["real", ["0.1", "-1e+20", "NaN", "3"]],
  ["double precision", ["0.30000000000000004", "-0", "1e-07", "Infinity", "5"]],
  ["boolean", ["t", "f"]],
  ["date", ["2024-05-01", "infinity", "0044-03-15 BC", "12024-01-01"]],
  ["time without time zone", ["10:00:00", "24:00:00", "23:59:59.999999"]],
  [
    "timestamp without time zone",
    ["2024-05-01 10:00:00", "2024-05-01 10:00:00.123456", "-infinity", "0044-03-15 10:00:00 BC"],
  ],
  [
    "timestamp with time zone",
    ["2024-05-01 10:00:00+00", "2024-05-01 10:00:00.5+05:30", "infinity", "10000-01-01 00:00:00+00"],
  ],
  ["uuid", ["6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a"]],
  ["json", ["{}", '{"a": [1.50]}', "null", '"text"', "[1, 2]", "12345678901234567890"]],
  ["jsonb", ['{"a": 1.50}', "null", '"te\\"xt"', "[]"]],
  ["bytea", ["\\x", "\\x0102ff"]],
  ["integer[]", ["{}", "{1,2}", "{NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}"]],
  ["text[]", ["{}", '{a,"b c",NULL,"NULL",""}', '{"say \\"so\\"","back\\\\slash"}']],
]);

/** A table, framed row by row. */
export function copySource({ names, columns, maxRecordBytes, rows }: Drawn, dice: Dice): SourceFile {
  const types = names.map(() => dice.pick([...VALUES.keys()]));
  const fields = names.map((name, i) => [name, types[i] as string]);
  const lines = copyRows(types, rows, dice);
  let end = 0;
  return {
    spec: { format: "pg-copy", options: { fields }, columns, maxRecordBytes },
    bytes: Buffer.concat(lines),
    fields: undefined,
    ends: Int32Array.from(lines, (line) => (end += line.length)),
    names,
  };
}

/** Rows of columns of these types. */
function copyRows(types: readonly string[], rows: number, dice: Dice): readonly Buffer[] {
  return dice.times(rows, () => {
    const cells = types.map((type) => (dice.chance(0.1) ? "\\N" : escaped(dice.pick(VALUES.get(type) ?? WORDS))));
    return Buffer.from(`${cells.join("\t")}\n`);
  });
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}
