import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunnerOptions } from "../support/run-chunk.ts";
import { TestThread } from "../support/run-chunk.ts";

/** Files; MODES_SEED repeats a run. */
const numRuns = Number(process.env["MODES_RUNS"] ?? 150);
const seed = Number(process.env["MODES_SEED"] ?? 20_261_122);

const MODULE = new URL("../support/fixtures/modes.ts", import.meta.url).pathname;
const COLUMNS = { id: "int", amount: "float", at: "timestamp", tags: "json" } as const;
const FIELDS = ["id", "note", "amount", "at", "tags"];

const notes = [
  "drop",
  "none",
  "twin",
  "refuse",
  "throw",
  "nothing",
  "hole",
  "same",
  "bump",
  "wrap",
  "unwritable",
  "a b",
];
const amounts = ["", "1.50", "2", "0.1"];
const times = ["", "2026-01-02T03:04:05.123456Z", "2026-01-02 03:04:05"];
const tags = ["", '{"list": [1.50, 12345678901234567890]}', "null", '{"list":[]}'];

interface Row {
  readonly note: string;
  readonly amount: string;
  readonly at: string;
  readonly tags: string;
  /** Instead of all that. */
  readonly malformed: boolean;
}

const row = (words: readonly string[]) =>
  fc.record({
    note: fc.constantFrom(...words),
    amount: fc.constantFrom(...amounts),
    at: fc.constantFrom(...times),
    tags: fc.constantFrom(...tags),
    malformed: fc.nat(9).map((chance) => chance === 0),
  });

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

function csvLine({ note, amount, at, tags: list, malformed }: Row, id: number): string {
  return malformed ? `${id},"x"y\n` : `${id},${note},${amount},${at},${list === "" ? "" : quoted(list)}\n`;
}

/** @param absent a JSON value for fields without one; null: they are left out */
function jsonLine({ note, amount, at, tags: list, malformed }: Row, id: number, absent: "null" | null): string {
  if (malformed) return `{"id": ${id}\n`;
  const values = { at: at === "" ? absent : `"${at}"`, tags: list === "" ? absent : list };
  const fields = [`"id": ${id}`, `"note": "${note}"`, `"amount": ${amount || "null"}`];
  for (const [name, value] of Object.entries(values)) if (value !== null) fields.push(`"${name}": ${value}`);
  return `{${fields.join(", ")}}\n`;
}

const cases = (words: readonly string[], absent: "null" | null) =>
  fc.record({
    absent: fc.constant(absent),
    rows: fc.array(row(words), { maxLength: 24 }),
    format: fc.constantFrom("csv" as const, "jsonl" as const),
    /** Records of each chunk but the first, in turn. */
    cuts: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
    findColumns: fc.boolean(),
    careful: fc.boolean(),
    concurrency: fc.constantFrom(1, 2, 7),
  });

type Case = ReturnType<typeof cases> extends fc.Arbitrary<infer One> ? One : never;

/** Of these all the output columns are found, so they go in front. */
const OPENING: readonly Row[] = ["same", "wrap"].map((note) => ({
  note,
  amount: "1",
  at: "2026-01-02T03:04:05.123456Z",
  tags: "null",
  malformed: false,
}));

/** What becomes of a file's records: rows, rejects and how many were filtered, in an order that chunks do not change. */
async function run(options: RunnerOptions, file: Case, cuts: readonly number[]): Promise<readonly string[]> {
  const { format, findColumns, careful } = file;
  const lines = [...OPENING, ...file.rows].map((line, id) =>
    format === "csv" ? csvLine(line, id) : jsonLine(line, id, file.absent),
  );
  const columns = Object.fromEntries(Object.entries(COLUMNS).map(([name, type]) => [name, { type }]));
  const sink = { sink: "sink", ...(findColumns ? { format: "csv", needsColumns: true } : {}) };
  const thread = new TestThread({ module: MODULE, format, fields: FIELDS, columns, sinks: [sink], ...options });
  const told: unknown[] = [];
  let filtered = 0;
  let settled: { readonly [sink: string]: readonly string[] } = {};
  for (let from = 0, turn = 0; from < lines.length; turn++) {
    const size = turn === 0 ? OPENING.length : (cuts[turn % cuts.length] ?? 1);
    const change = { firstLine: from + 1, columns: settled, careful };
    const { reply, rows } = await thread.run(lines.slice(from, from + size).join(""), change);
    settled = { ...settled, ...reply.columns };
    filtered += reply.outputs[0]?.filtered ?? 0;
    told.push(...(rows["sink"] ?? []).map(([record, text]) => [from + record, text]));
    for (const { record, stage, code, message, raw, output } of reply.rejects) {
      told.push([from + record, stage, code, message.replace(/^modes\.ts:\d+:\d+/, "modes.ts"), raw, output]);
    }
    from += size;
  }
  return [`${filtered} filtered`, ...told.map((entry) => JSON.stringify(entry)).sort()];
}

const WHOLE = [Number.POSITIVE_INFINITY];

describe("A transform gives the same rows and rejects, wherever chunks are cut,", () => {
  test.each([
    ["mode record", { mode: "record" }],
    ["mode chunk", { mode: "chunk" }],
    ["mode chunk with reject()", { mode: "chunk", transform: "rejecting" }],
    ["mode async", { mode: "async", transform: "later" }],
  ] as const)("in %s", async (_name, options) => {
    await fc.assert(
      fc.asyncProperty(cases(notes, null), async (file) => {
        const expected = await run({ mode: "record" }, file, WHOLE);
        expect(await run({ ...options, concurrency: file.concurrency }, file, file.cuts)).toEqual(expected);
      }),
      { numRuns, seed },
    );
  });

  test("in mode columns", async () => {
    await fc.assert(
      // where fields are left out the order of the others may change
      fc.asyncProperty(cases(["drop", "refuse", "throw", "same", "x"], "null"), async (file) => {
        const expected = await run({ mode: "record", transform: "single" }, file, WHOLE);
        expect(await run({ mode: "columns" }, file, file.cuts)).toEqual(expected);
      }),
      { numRuns, seed },
    );
  });
});
