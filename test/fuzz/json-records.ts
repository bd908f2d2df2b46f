/** Draws objects as they stand in JSON. */
import type { ColumnType } from "../../src/core/record.ts";
import type { Dice } from "./dice.ts";
import type { Drawn } from "./source-file.ts";

const BARE: readonly string[] = [
  ...["0", "-0", "7", "-12", "42", "1.0", "1.50", "-0.5", "1e3", "1E400", "2147483648", "9007199254740993", "0.1"],
  ...[
    "123456789012345678901234567890",
    "null",
    "true",
    "false",
    "{}",
    "[1,2]",
    '{"a":1.0}',
    '["a",null,1.50]',
    "[[1],[2]]",
  ],
];
const GOOD: readonly string[] = [
  "{}",
  "[1,2]",
  '{"a":1.50}',
  '["a",null]',
  "7",
  "true",
  '{"b":{"c":"é"}}',
  '"word"',
  "[]",
];
const BROKEN: readonly string[] = [
  "nul",
  "True",
  "007",
  "-",
  "1.",
  ".5",
  "+1",
  "",
  '"',
  "[1,",
  "\ufeff1",
  '"\\x"',
  '"\t"',
];

/** A field's declared type, and a text for it. */
interface DrawnField {
  readonly type: ColumnType;
  readonly text: string;
}

/** One object in a line: mostly the same keys in the same order. */
export function jsonRecord({ names, odd }: Drawn, fieldOf: (name: string) => DrawnField, dice: Dice): string {
  const blank = dice.chance(0.9) ? "" : " ";
  const isOdd = (): boolean => dice.chance(odd / 10);
  const order = isOdd() ? dice.some(names, dice.between(0, names.length)) : names;
  const members = order.map((name) => `${JSON.stringify(name)}:${blank}${jsonValue(fieldOf(name), odd, dice)}`);
  if (isOdd()) members.push(`"more":${dice.pick(BARE)}`);
  if (isOdd() && members[0] !== undefined) members.push(members[0]);
  const object = `{${members.join(`,${blank}`)}}`;
  return isOdd() ? dice.pick(["7", "null", '"text"', "[]", `${object}}`, object.slice(0, -1), ""]) : object;
}

function jsonValue({ type, text }: DrawnField, odd: number, dice: Dice): string {
  if (dice.chance(odd / 4)) return dice.pick([...BROKEN, ...BARE]);
  if (dice.chance(0.06)) return "null";
  if (type === "json") return dice.pick(GOOD);
  const isNumeric = type === "int" || type === "bigint" || type === "float" || type === "decimal";
  if (isNumeric && dice.chance(0.8)) return asNumber(text, dice);
  if (type === "boolean" && dice.chance(0.6)) return dice.pick(["true", "false"]);
  return dice.chance(odd / 2) ? escapedText(text) : JSON.stringify(text);
}

function asNumber(text: string, dice: Dice): string {
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? text : String(dice.between(-1_000, 1_000));
}

/** With escapes where none are needed. */
function escapedText(text: string): string {
  return `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`;
}
