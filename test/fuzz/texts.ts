/** Texts that stand for values of a type, for values at its edges, and for none. */
import { COLUMN_TYPES, type ColumnType } from "../../src/core/record.ts";
import type { Dice } from "./dice.ts";

/** A text, or bytes that may be none. */
export type Text = string | Buffer;

const PLAIN_WORDS = [
  "",
  "a",
  "x y",
  "naïve café",
  "東京",
  "😀",
  "back\\slash",
  "it's",
  'say "so"',
  "tab\there",
  "comma,semi;pipe|",
];

const WORDS: readonly Text[] = [
  ...[
    "",
    "a",
    "x y",
    " lead",
    "trail ",
    "tab\there",
    "naïve café",
    "東京",
    "😀",
    "back\\slash",
    "it's",
    "NA",
    "-",
    "#c",
  ],
  ...[
    "comma,semi;pipe|",
    "two\nlines",
    "two\r\nlines",
    "\r",
    'say "so"',
    "\\N",
    "\\.",
    "\u0001",
    "\u007f",
    "\uFEFFmark",
  ],
  ...["\uFFFD", "\u2028", "null", "true", "{}", "a longer text of nothing much, ".repeat(3), "long ".repeat(200), "\0"],
  ...[Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from("caf\xe9", "latin1")],
];

const ROUND = ["0", "-0", "0", "10", "-1", "10000", "100000000", "-20000"];
const WHOLE = [
  "-0",
  "00",
  "+0",
  "-0",
  "7",
  "007",
  "+5",
  "-12",
  "42",
  "2147483647",
  "-2147483648",
  "2147483648",
  "32767",
  "-32769",
];
const LARGE = [
  "9007199254740991",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
];
const BROKEN_NUMBERS = [
  "12a",
  "1.",
  ".5",
  "1e3",
  "1E400",
  "0x1f",
  "1_000",
  " 7",
  "7 ",
  "- 1",
  "--1",
  "",
  "NaN",
  "inf",
  "-Infinity",
];
const FRACTIONS = [
  "1.50",
  "-0.5",
  "0.1",
  "1e-7",
  "123456789.123456789",
  "0.000",
  "00.10",
  "1.0e10",
  "99999999.995",
  "1e131",
];

const DAYS = [
  "2024-05-01",
  "2024-02-29",
  "2023-02-29",
  "0001-01-01",
  "9999-12-31",
  "1969-12-31",
  "1970-01-01",
  "0000-01-01",
];
const ODD_DAYS = [
  "2024-5-1",
  "01.05.2024",
  "20240501",
  "May 1, 2024",
  "today",
  "infinity",
  "2024-13-01",
  "12024-01-01",
  "0044-03-15 BC",
];
const CLOCKS = [
  "10:00",
  "10:00:00",
  "10:00:00.1",
  "10:00:00.123456",
  "10:00:00.1234567",
  "24:00:00",
  "23:59:60",
  "25:00",
  "10:00:00,5",
];
const ZONES = ["", "Z", "z", "+02:00", "-03", "+0530", "+14:00", "+16:00", " UTC", " Europe/Berlin"];

const UUID = "6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a";
const UUIDS = [
  UUID,
  UUID.toUpperCase(),
  `{${UUID}}`,
  UUID.replaceAll("-", ""),
  UUID.slice(0, 8),
  `${UUID}0`,
  `g${UUID.slice(1)}`,
];
const BOOLEANS = ["true", "f", "no", "1", "TRUE", "t", "false", "0", "yes", "maybe", "of", "on", "tru"];
const GOOD_JSON = ["{}", "[1,2]", '{"a":[1.50]}', "7", "true", '["a",null]', '{"b":{"c":"é"}}'];
const JSON_TEXTS = [
  "{}",
  "[1,2]",
  "null",
  '"text"',
  '{"a":[1.50]}',
  "1e2",
  "-0",
  '{"a":1,"a":2}',
  '"\\u00e9\\ud800"',
  "[",
  "{'a':1}",
  '{"b" : "\\u0000"}',
];
const BYTES = ["AQI=", "\\x0102", "\\xf", "", "A", "\\x", "\\xFFfe00"];

/** A text that means a value of the type; in `odd` of all cases one at its edges, of another type, or of none. */
export function textOf(type: ColumnType, odd: number, dice: Dice): Text {
  if (!dice.chance(odd)) return goodText(type, dice);
  return dice.chance(0.2) ? oddText(dice.pick(COLUMN_TYPES), dice) : oddText(type, dice);
}

function goodText(type: ColumnType, dice: Dice): string {
  switch (type) {
    case "string":
      if (dice.chance(0.05)) return "a long text, ".repeat(dice.between(5, 100));
      return dice.chance(0.2) ? randomText(dice) : dice.pick(PLAIN_WORDS);
    case "int":
      return dice.chance(0.1)
        ? dice.pick(ROUND)
        : `${dice.pick(["", "", "-"])}${dice.between(1, 9)}${dice.digits(dice.pick([0, 1, 2, 3, 8]))}`;
    case "bigint":
      return dice.chance(0.1)
        ? dice.pick(ROUND)
        : `${dice.pick(["", "-"])}${dice.between(1, 9)}${dice.digits(dice.between(0, 17))}`;
    case "float":
    case "decimal":
      if (dice.chance(0.1)) return dice.pick([...ROUND, "0.00", "0.0001", "-0.00010", "10000.0000", "0.1", "1.50"]);
      return dice.chance(0.5) ? number(dice) : `${dice.between(0, 999)}.${dice.digits(2)}`;
    case "boolean":
      return dice.pick(["true", "false", "t", "f"]);
    case "date":
      return day(dice);
    case "timestamp":
      return `${day(dice)}${dice.pick(["T", " "])}${clock(dice)}${dice.pick(["", "Z", "Z", "+02:00", "-03"])}`;
    case "uuid":
      return `${dice.digits(8)}${UUID.slice(8)}`;
    case "json":
      return dice.pick(GOOD_JSON);
    case "bytes":
      return dice.pick(["AQI=", "\\x0102", "\\xFFfe00"]);
  }
}

function oddText(type: ColumnType, dice: Dice): Text {
  switch (type) {
    case "string":
      return dice.pick(WORDS);
    case "int":
    case "bigint":
      return dice.pick(dice.chance(0.7) ? WHOLE : [...LARGE, ...BROKEN_NUMBERS]);
    case "float":
    case "decimal":
      return dice.pick([...FRACTIONS, ...WHOLE, ...LARGE, ...BROKEN_NUMBERS]);
    case "boolean":
      return dice.pick(BOOLEANS);
    case "date":
      return dice.pick([...DAYS, ...ODD_DAYS]);
    case "timestamp":
      return `${dice.pick([...DAYS, ...ODD_DAYS])}${dice.pick(["T", " ", "t", ""])}${dice.pick(CLOCKS)}${dice.pick(ZONES)}`;
    case "uuid":
      return dice.pick(UUIDS);
    case "json":
      return dice.pick(JSON_TEXTS);
    case "bytes":
      return dice.pick(BYTES);
  }
}

/** A number of any length and scale. */
export function number(dice: Dice): string {
  const whole = dice.digits(dice.pick([1, 1, 2, 4, 5, 9, 16, 21, 40]));
  const fraction = dice.chance(0.6) ? `.${dice.digits(dice.pick([1, 2, 3, 4, 5, 8, 16, 30]))}` : "";
  const exponent = dice.chance(0.1) ? `e${dice.pick(["", "-", "+"])}${dice.between(0, 40)}` : "";
  return `${dice.pick(["", "", "-", "+"])}${whole}${fraction}${exponent}`;
}

function day(dice: Dice): string {
  return `${four(dice.pick([dice.between(1, 9999), 2024]))}-${two(dice.between(1, 12))}-${two(dice.between(1, 28))}`;
}

function clock(dice: Dice): string {
  const seconds = dice.chance(0.7) ? `:${two(dice.between(0, 59))}` : "";
  const fraction = seconds !== "" && dice.chance(0.5) ? `.${dice.digits(dice.between(1, 6))}` : "";
  return `${two(dice.between(0, 23))}:${two(dice.between(0, 59))}${seconds}${fraction}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function four(value: number): string {
  return String(value).padStart(4, "0");
}

/** Characters of any plane, half pairs left out. */
function randomText(dice: Dice): string {
  const limit = dice.pick([0x7f, 0x7f, 0xff, 0x7ff, 0xffff, 0x1ffff]);
  return dice
    .times(dice.between(1, dice.pick([4, 20, 70])), () => String.fromCodePoint(dice.between(1, limit)))
    .join("")
    .toWellFormed();
}
