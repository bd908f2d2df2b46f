/**
 * Generates the reader of one header's records: straight code, field by field, which takes the quick way for fields of
 * plain ASCII and leaves all others, and every fault, to the plain reader in `current-record.ts`.
 */
import type { FieldRegisters } from "../../core/ports/format.ts";
import type { PlacedFields } from "../../core/ports/placed-fields.ts";
import type { DataRecord } from "../../core/record.ts";
import { compile, type Generated, type Scope } from "../generated/compile.ts";
import { INVALID, TEXT } from "../values/column-reader.ts";
import { ESCAPED, NON_ASCII, OFFSET, SPECIAL } from "./field-index.ts";
import type { FieldPlan } from "./field-plan.ts";
import { keyOf } from "./record-builder.ts";

/** More fields make a function that the engine does not compile to machine code. */
const MAX_FIELDS = 200;

/** What a generated reader works on; used again for every record. */
export interface ReaderState extends FieldRegisters, PlacedFields {
  readonly values: unknown[];
  words: Int32Array;
  at: number;
  view: DataView;
  size: number;
  /** The memory that `view` shows. */
  bytes: Buffer;
  /** The text of `bytes` from `windowStart` on, one character a byte. */
  window: string;
  windowStart: number;
}

/** Reads a record whose fields are all there; null when one of them is at fault. */
export type RecordReader = (state: ReaderState) => DataRecord | null;

/**
 * @param readField the plain way to read field i: its value, or INVALID
 * @returns null where code cannot be generated, or is of no use
 */
export function recordReader(
  plans: readonly FieldPlan[],
  readField: (field: number) => unknown,
): Generated<RecordReader> | null {
  if (plans.length === 0 || plans.length > MAX_FIELDS) return null;
  const scope: Record<string, unknown> = { INVALID, TEXT, readField };
  plans.forEach((plan, i) => {
    scope[`name${i}`] = keyOf(plan.name);
    scope[`read${i}`] = plan.readBytes;
    scope[`plain${i}`] = plan.plainBytes;
  });
  const record = plans.map((_, i) => `[name${i}]: value${i}`).join(", ");
  const text = [
    "return function readRecord({ words, at, bytes, window, windowStart, values, times }) {",
    "  let word = 0, begin = 0, end = 0;",
    ...plans.map(fieldCode),
    `  return { ${record} };`,
    "};",
  ].join("\n");
  return compile("readRecord", scope satisfies Scope, text);
}

/** Code that reads one field into `value<i>` and the registers. */
export function fieldCode(plan: FieldPlan, i: number): string {
  const lines = [
    `  begin = words[at + ${2 * i}]; word = words[at + ${2 * i + 1}]; end = word & ${OFFSET};`,
    `  let value${i} = INVALID;`,
    ...(plan.direct ? [`  if ((word & ${NON_ASCII | ESCAPED}) === 0 && begin < end) ${quickCode(plan, i)}`] : []),
    `  if (value${i} === INVALID) {`,
    `    value${i} = readField(${i});`,
    `    if (value${i} === INVALID) return null;`,
    ...(plan.reader === undefined ? [] : [`    ${markCode(i)}`]),
    "  }",
    `  values[${i}] = value${i};`,
    ...(plan.comparison === "time" ? [`  if (value${i} instanceof Date) times[${i}] = value${i}.getTime();`] : []),
  ];
  return lines.join("\n");
}

/** Code for a field whose text is plain ASCII. */
function quickCode(plan: FieldPlan, i: number): string {
  const slice = `value${i} = window.slice(begin - windowStart, end - windowStart);`;
  if (plan.readBytes === undefined) return slice;
  const read = `value${i} = read${i}(bytes, begin, end);`;
  const test = plan.plainBytes === undefined ? "" : `if (!plain${i}(bytes, begin, end)) `;
  return `{\n    ${read}\n    if (value${i} === TEXT) ${slice} else ${test}${markCode(i)}\n  }`;
}

/** Code that says in the index: the field's text is not the plain text of its value. */
function markCode(i: number): string {
  return `words[at + ${2 * i + 1}] = word | ${SPECIAL};`;
}
