/**
 * Generates the reader of objects of one shape: straight code, member by member. Strings without escapes are read here,
 * what else a value may be by the plain reader in `known-shape.ts`.
 */
import type { FieldRegisters } from "../../core/ports/format.ts";
import { keyOf } from "../csv/record-builder.ts";
import { NON_ASCII, OFFSET, QUOTED, SPECIAL } from "../csv/field-index.ts";
import { compile, type Generated } from "../generated/compile.ts";
import { INVALID, TEXT } from "../values/column-reader.ts";
import type { MemberPlan } from "./member-plan.ts";

const WORD = 4;
const QUOTE = 34;
const BACKSLASH = 92;
const BLANK = 32;
/** More make a function that the engine does not compile to machine code. */
const MAX_MEMBERS = 200;
const MAX_LABELS = 8_192;

/** What a generated reader works on; used again for every record. */
export interface LineState extends FieldRegisters {
  readonly values: unknown[];
  view: DataView;
  size: number;
  /** The memory that `view` shows. */
  bytes: Buffer;
  /** The text of `bytes` from `windowStart` on, one character a byte. */
  window: string;
  windowStart: number;
}

/** Reads the record in `bytes[begin, end)`; null when it has to be read in another way. */
export type LineReader = (state: LineState, begin: number, end: number) => Record<string, unknown> | null;

/**
 * @param tail the bytes behind the last value
 * @param readOther reads a value that is no string into the registers, or gives INVALID
 * @returns null where code cannot be generated, or is of no use
 */
export function lineReader(
  plans: readonly MemberPlan[],
  tail: Buffer,
  readOther: (member: number, at: number, end: number) => unknown,
): Generated<LineReader> | null {
  const labels = plans.reduce((sum, { label }) => sum + label.length, tail.length);
  if (plans.length === 0 || plans.length > MAX_MEMBERS || labels > MAX_LABELS) return null;
  const scope: Record<string, unknown> = { INVALID, TEXT, readOther, stringEnd };
  plans.forEach(({ name, reader }, i) => {
    scope[`name${i}`] = keyOf(name);
    scope[`read${i}`] = reader?.readBytes;
    scope[`plain${i}`] = reader?.plainBytes;
    scope[`convert${i}`] = reader && ((text: string) => reader.readJson(text));
  });
  const record = plans.map((_, i) => `[name${i}]: value${i}`).join(", ");
  const text = [
    "return function readLine(state, from, stop) {",
    "  const { bytes, view, window, windowStart, words, values, times } = state;",
    "  let p = from, begin = 0, end = 0, word = 0;",
    ...plans.map(memberCode),
    `  if (p + ${tail.length} !== stop || ${otherThan(tail)}) return null;`,
    "  state.size = stop - from;",
    `  return { ${record} };`,
    "};",
  ].join("\n");
  return compile("readLine", scope, text);
}

/** Code that reads one member into `value<i>` and the registers. */
export function memberCode(plan: MemberPlan, i: number): string {
  const { label } = plan;
  return [
    `  if (p + ${label.length} >= stop || ${otherThan(label)}) return null;`,
    `  p += ${label.length};`,
    `  let value${i} = INVALID;`,
    `  if (bytes[p] === ${QUOTE}) {`,
    "    begin = p + 1;",
    "    word = stringEnd(bytes, begin, stop);",
    "    if (word < 0) return null;",
    `    end = word & ${OFFSET};`,
    `    ${valueCode(plan, i)}`,
    `    values[${i}] = value${i};`,
    `    words[${2 * i}] = begin;`,
    `    words[${2 * i + 1}] = word | ${QUOTED};`,
    "    p = end + 1;",
    "  } else {",
    `    value${i} = readOther(${i}, p, stop);`,
    `    if (value${i} === INVALID) return null;`,
    `    p = words[${2 * i + 1}] & ${OFFSET};`,
    "  }",
    ...(plan.kind === "time" ? [`  if (value${i} !== null) times[${i}] = value${i}.getTime();`] : []),
  ].join("\n");
}

/** A condition that holds where the bytes at `p` are others. */
function otherThan(label: Buffer): string {
  const tests: string[] = [];
  let at = 0;
  for (; at + WORD <= label.length; at += WORD)
    tests.push(`view.getInt32(p + ${at}, true) !== ${label.readInt32LE(at)}`);
  for (; at < label.length; at++) tests.push(`bytes[p + ${at}] !== ${label[at]}`);
  return tests.join(" || ");
}

/** Code that makes the value of the string in `bytes[begin, end)`. */
function valueCode({ isText, reader }: MemberPlan, i: number): string {
  const slice = "window.slice(begin - windowStart, end - windowStart)";
  const string = `(word & ${NON_ASCII}) === 0 ? ${slice} : bytes.toString("utf8", begin, end)`;
  if (isText) return `value${i} = ${string};`;
  const slow = [
    `const text = ${string};`,
    `value${i} = convert${i}(text);`,
    `if (value${i} === INVALID) return null;`,
    `if (value${i} !== text) word |= ${SPECIAL};`,
  ].join(" ");
  if (reader?.readBytes === undefined) return slow;
  const isPlain = reader.plainBytes === undefined ? "" : `if (!plain${i}(bytes, begin, end)) `;
  return [
    `if ((word & ${NON_ASCII}) === 0) {`,
    `      value${i} = read${i}(bytes, begin, end);`,
    `      if (value${i} === TEXT) value${i} = ${slice};`,
    `      else if (value${i} === INVALID) return null;`,
    `      else ${isPlain}word |= ${SPECIAL};`,
    `    } else { ${slow} }`,
  ].join("\n");
}

/** The offset of the quote that closes a string, with a flag for what is not ASCII; -1 where there are escapes or faults. */
function stringEnd(bytes: Uint8Array, begin: number, end: number): number {
  let all = 0;
  for (let at = begin; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return all < 128 ? at : at | NON_ASCII;
    if (byte === BACKSLASH || byte < BLANK) return -1;
    all |= byte;
  }
  return -1;
}
