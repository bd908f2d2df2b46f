import { describe, expect, test } from "vitest";
import type { EncodeSpec, RecordBatch } from "../../../../src/core/ports/format.ts";
import { formatByName } from "../../../../src/formats/catalog.ts";
import { type CompiledFunction, compiledDuring } from "../../../../src/formats/generated/compile.ts";
import { sharedBytes } from "../../../support/csv-decoding.ts";
import { encodeOne } from "../json-lines.ts";

/** Each would do something if it ever became a part of a program's text. */
const NAMES = [
  ...[
    '"];process.exit(1)//',
    "'];globalThis.hacked=1//",
    "${globalThis.hacked=1}",
    "`+(globalThis.hacked=1)+`",
    "*/hacked=1;/*",
  ],
  ...[
    "a\nglobalThis.hacked=1//",
    "\u2028hacked=1//",
    "\u2029hacked=1//",
    "\\u0022]",
    "</script>",
    "]:0,[name0",
    "value0",
    "p",
    "\u{1F600}",
  ],
];
/** Objects with other keys in JSON are left to JSON.parse. */
const PLAIN_KEY = /^[ -~]+$(?<!["\\].*)/;
/** Those that every object has, which a writer leaves to the plain way. */
const INHERITED = ["__proto__", "constructor", "toString"];

const ROWS = 5;
const csv = (names: readonly string[]): string => `${names.map((_, i) => `v${i}`).join(",")}\n`.repeat(ROWS);
const jsonl = (names: readonly string[]): string =>
  `${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, `v${i}`])))}\n`.repeat(ROWS);
const SOURCES = { csv, jsonl } as const;

interface Outcome {
  readonly rows: readonly string[];
  readonly functions: readonly CompiledFunction[];
}

async function work(
  names: readonly string[],
  from: keyof typeof SOURCES,
  to: string,
  generateAfter: number,
): Promise<Outcome> {
  const rows: string[] = [];
  const functions = await compiledDuring(async () => {
    const decode = { format: from, options: {}, columns: {}, maxRecordBytes: 10_000, generateAfter };
    const request = { bytes: sharedBytes(SOURCES[from](names)), final: true, truncated: false, fields: names };
    const batch: RecordBatch = formatByName(from).decoder(decode).decode(request);
    const encoder = formatByName(to).encoder(encodeSpec(names, to));
    for (let i = 0; i < batch.count; i++) {
      const read = batch.read(i);
      rows.push("fault" in read ? read.fault.code : encodeOne(encoder, read.record, batch.current));
    }
  });
  return { rows, functions };
}

function encodeSpec(names: readonly string[], format: string): EncodeSpec {
  const columns = names.map((name) => ({ name, type: "text" }));
  return { sink: "sink", format, options: {}, columns, needsColumns: true, onUnknownField: "error" };
}

describe("Names of fields", () => {
  const ways = (["csv", "jsonl"] as const).flatMap((from) =>
    ["csv", "jsonl", "pg-copy", "pg-copy-binary"].map((to) => [from, to] as const),
  );

  test.each(ways)("are data in generated code, from %s to %s", async (from, to) => {
    const names = from === "csv" ? NAMES : NAMES.filter((name) => PLAIN_KEY.test(name));
    const plain = await work(names, from, to, Number.POSITIVE_INFINITY);
    const generated = await work(names, from, to, 0);
    expect(generated.rows).toEqual(plain.rows);
    expect(generated.functions.length).toBeGreaterThanOrEqual(2);
    for (const { text } of generated.functions) expect(text).not.toMatch(/hacked|process|script|[^\0-\x7f]/);
    expect(globalThis).not.toHaveProperty("hacked");
  });

  test.each(ways)("may be those that every object has, from %s to %s", async (from, to) => {
    const names = ["id", ...INHERITED];
    const plain = await work(names, from, to, Number.POSITIVE_INFINITY);
    const generated = await work(names, from, to, 0);
    expect(generated.rows).toEqual(plain.rows);
    expect(generated.functions.map(({ name }) => name)).not.toEqual([]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});
