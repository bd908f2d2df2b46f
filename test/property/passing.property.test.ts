/** What is passed on unread is written as what is read and handed back. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RunnerOptions, TestThread } from "../support/run-chunk.ts";

/** Texts as a server writes them. */
const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  integer: fc.integer().map(String),
  oid: fc.nat().map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  "numeric(20,4)": fc.constantFrom("1.5000", "-0.0001", "NaN", "Infinity", "12345678901234567890.1234"),
  "double precision": fc.oneof(
    fc.double().map((value) => `${value}`.replace("e+", "e+0")),
    fc.constantFrom("NaN", "Infinity", "-Infinity", "-0", "1e+20", "1"),
  ),
  boolean: fc.constantFrom("t", "f"),
  date: fc.constantFrom("2024-02-29", "infinity", "0044-03-15 BC"),
  "timestamp with time zone": fc.constantFrom(
    "2024-02-29 12:34:56.123456+00",
    "2024-02-29 12:34:56+00",
    "-infinity",
    "0044-03-15 12:00:00+00 BC",
    "12024-01-01 00:00:00+00",
  ),
  "timestamp without time zone": fc.constantFrom("2024-02-29 12:34:56.1", "1999-12-31 23:59:59", "infinity"),
  jsonb: fc.json(),
  json: fc.oneof(
    fc.json({ maxDepth: 2 }).map((text) => text.replaceAll(",", ",\n ")),
    fc.constantFrom(
      " null",
      "-0",
      "1e999",
      '{"a": 12345678901234567890}',
      '"a\\nb"',
      `${"[".repeat(400)}${"]".repeat(400)}`,
    ),
  ),
  bytea: fc.uint8Array({ maxLength: 6 }).map((bytes) => String.raw`\x${Buffer.from(bytes).toString("hex")}`),
  "integer[]": fc.constantFrom("{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}"),
  "text[]": fc.constantFrom("{}", String.raw`{a,NULL,"a\"b","NULL"}`),
  uuid: fc.uuid(),
  text: fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0") && text.isWellFormed()),
  "character varying(9)": fc.constantFrom("", "plain", String.raw`\N`, 'a"b', "line\nline", "\u0001", "über"),
};

const letters: Readonly<Record<string, string>> = { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v" };
const copied = (text: string | null): string =>
  text === null ? String.raw`\N` : text.replaceAll(/[\b\f\n\r\t\v\\]/g, (mark) => `\\${letters[mark] ?? mark}`);

const names = ["a", "b", "1", "ü b", "__proto__", 'c"d'];

type TextOf = (type: string) => fc.Arbitrary<string>;

const own: TextOf = (type) => texts[type] as fc.Arbitrary<string>;

const foreign = fc.oneof(...Object.values(texts), fc.constantFrom("", "007", "1.", "1e", "0x1", "1-2", "tt", "1e999"));

/** Now and then a text that the type has not: columns are changed. */
const mostlyOwn: TextOf = (type) => fc.oneof({ weight: 9, arbitrary: own(type) }, { weight: 1, arbitrary: foreign });

/** A row's bytes: mostly good, some with a column more or too many bytes. */
const rowOf = (types: readonly string[], textOf: TextOf): fc.Arbitrary<Buffer> => {
  const good = fc
    .tuple(...types.map((type) => fc.option(textOf(type), { freq: 6 })))
    .map((fields) => Buffer.from(`${fields.map(copied).join("\t")}\n`));
  const bad = fc.constantFrom(`${"x\t".repeat(types.length)}x\n`, `${"long ".repeat(300)}\n`);
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: bad.map(Buffer.from) });
};

const tableOf = (textOf: TextOf) =>
  fc.array(fc.constantFrom(...Object.keys(texts)), { minLength: 1, maxLength: names.length }).chain((types) =>
    fc.record({
      types: fc.constant(types),
      rows: fc.array(rowOf(types, textOf), { minLength: 1, maxLength: 40 }),
      invalid: fc.boolean(),
    }),
  );

type Sinks = NonNullable<RunnerOptions["sinks"]>;
const jobs: readonly (Pick<RunnerOptions, "select" | "rename" | "columns"> & { readonly sinks: Sinks })[] = [
  { sinks: [{ sink: "lines" }] },
  { sinks: [{ sink: "lines" }], select: ["b", "a"], rename: { a: "z" } },
  { sinks: [{ sink: "some", columns: [{ name: "b" }, { name: "a" }, { name: "none" }], onUnknownField: "ignore" }] },
  { sinks: [{ sink: "strict", columns: [{ name: "a" }, { name: "none" }] }] },
  { sinks: [{ sink: "lines" }, { sink: "more", columns: names.map((name) => ({ name })) }] },
  { sinks: [{ sink: "lines" }, { sink: "table", format: "csv", columns: names.map((name) => ({ name })) }] },
  { sinks: [{ sink: "lines" }], columns: { a: { type: "int", nullable: false } } },
];

/** Columns of a table: mostly of the source's types. */
const columnsFor = (types: readonly string[]): fc.Arbitrary<Sinks> => {
  const column = (type: string): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(type) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.keys(texts)) },
    );
  return fc.tuple(...types.map(column)).map((chosen) => {
    const columns = chosen.map((type, index) => ({ name: names[index] as string, type }));
    return [{ sink: "table", format: "pg-copy-binary", columns: [...columns, { name: "none", type: "integer" }] }];
  });
};

/** One chunk by a thread whose job has no transform, and by one whose transform gives back what it gets. */
async function bothWays(options: RunnerOptions, rows: readonly Buffer[]) {
  let end = 0;
  const ends = Int32Array.from(rows, (row) => (end += row.length));
  const ways = [options, { ...options, transform: "unchanged" }];
  const [passed, read] = await Promise.all(
    ways.map(async (way) => {
      const { rows: written, spans, reply } = await new TestThread(way).run(Buffer.concat(rows), { ends });
      const forms = reply.outputs.map(({ turns }) => turns?.length);
      return { written, spans, rejects: reply.rejects, forms };
    }),
  );
  return { passed, read };
}

describe("a record that is passed on unread", () => {
  test("becomes what it would have become, and is refused for the same", async () => {
    const job = fc.constantFrom(...jobs);
    await fc.assert(
      fc.asyncProperty(tableOf(mostlyOwn), job, async ({ types, rows, invalid }, options) => {
        const fields = types.map((type, index) => [names[index] as string, type]);
        const bad = types[0] === "text" && invalid ? [Buffer.from([0xc3, 10])] : [];
        const about = { ...options, format: "pg-copy", formatOptions: { fields } } as const;
        const { passed, read } = await bothWays(about, [...rows, ...bad]);
        expect(passed).toEqual(read);
      }),
      { numRuns: 200 },
    );
  });

  test("becomes the same row of COPY in the same form", async () => {
    const job = tableOf(own).chain(({ types, rows }) =>
      fc.tuple(fc.constant(types), fc.constant(rows), columnsFor(types)),
    );
    await fc.assert(
      fc.asyncProperty(job, async ([types, rows, sinks]) => {
        const fields = types.map((type, index) => [names[index] as string, type]);
        const { passed, read } = await bothWays({ sinks, format: "pg-copy", formatOptions: { fields } }, rows);
        expect(passed).toEqual(read);
      }),
      { numRuns: 200 },
    );
  });
});
