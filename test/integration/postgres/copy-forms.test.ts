/** Rows that go by COPY's binary form, its text, and both in one unit. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WriteReject } from "../../../src/core/ports/sink.ts";
import type { SinkOutput } from "../../../src/core/result.ts";
import { binaryRow, type FormedRow, mixedOutput, textRow } from "../../support/mixed-rows.ts";
import { loadLines } from "../../support/poison-load.ts";
import { advanceOf, claimSplit, openWriter, resolveSink, usePostgres } from "../../support/postgres.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const postgres = usePostgres();

type SinkChange = Partial<Parameters<typeof openWriter>[0]>;

/** Makes table `t` by `ddl` and writes chunks into it as one unit; gives what was refused. */
async function load(
  ddl: string,
  outputs: readonly SinkOutput[],
  {
    mode = "careful",
    columns = ["id", "n"],
    ...change
  }: { mode?: "fast" | "careful"; columns?: string[] } & {
    sink?: SinkChange;
  } = {},
): Promise<readonly WriteReject[]> {
  const { server } = postgres;
  await server.query(`DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t, parents CASCADE; ${ddl}`);
  await using writer = await openWriter({ url: server.url(), table: "t", copy: "binary", ...change.sink });
  const progress = await claimSplit(writer);
  const unit = await writer.begin(mode, columns);
  const rejects: WriteReject[] = [];
  for (const output of outputs) rejects.push(...(await unit.write(output, ROWS_ORIGIN)).rejects);
  await unit.commit([advanceOf(progress, 100, rejects.length)], []);
  return rejects;
}

const stored = (order = "id"): Promise<readonly unknown[]> =>
  postgres.server.query(`SELECT * FROM t ORDER BY ${order}`);

/** A row of either form. */
const row = (form: number, id: number, n: number | string | null): FormedRow =>
  form === 0 ? binaryRow(id, n) : textRow(id, n);

describe("a unit with rows of both forms", () => {
  const chunks = [
    mixedOutput([binaryRow(0, 10), binaryRow(1, null), textRow(2, 12), textRow(3, null), binaryRow(4, 14)]),
    mixedOutput([binaryRow(5, 15)]),
    mixedOutput([textRow(6, 16), binaryRow(7, 17)]),
  ];
  const all = [10, null, 12, null, 14, 15, 16, 17].map((n, id) => ({ id, n }));

  test.each(["fast", "careful"] as const)("is appended whole and in order (%s)", async (mode) => {
    expect(await load("CREATE TABLE t (id int, n int)", chunks, { mode })).toEqual([]);
    expect(await stored("ctid")).toEqual(all);
  });

  test.each(["fast", "careful"] as const)("is merged in the order of its rows (%s)", async (mode) => {
    const again = mixedOutput([textRow(0, 20), binaryRow(1, 21), binaryRow(0, 22), textRow(1, 23)]);
    const sink = { mode: "upsert" } as const;
    await load("CREATE TABLE t (id int PRIMARY KEY, n int)", [...chunks, again], { mode, sink });
    expect(await stored()).toEqual([{ id: 0, n: 22 }, { id: 1, n: 23 }, ...all.slice(2)]);
  });
});

describe("of rows of both forms exactly the bad ones are rejected", () => {
  const checked = "CREATE TABLE t (id int, n int CHECK (n < 100))";
  const foreign = `CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
    CREATE TABLE t (id int, n int REFERENCES parents)`;

  test("whatever stands where, in whatever records", async () => {
    const runs = fc.array(fc.record({ form: fc.constantFrom(0, 1), length: fc.integer({ min: 1, max: 40 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    const cases = fc.record({
      ddl: fc.constantFrom(checked, foreign),
      runs,
      bad: fc.uniqueArray(fc.nat(319), { maxLength: 12 }),
      rowsOfRecord: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ ddl, runs: parts, bad, rowsOfRecord }) => {
        const forms = parts.flatMap(({ form, length }) => Array.from({ length }, () => form));
        const rows = forms.map((form, id) => row(form, id, bad.includes(id) ? 500 : 1));
        const recordOf = (id: number): number => Math.floor(id / rowsOfRecord);
        const rejects = await load(ddl, [
          mixedOutput(
            rows,
            forms.map((_, id) => recordOf(id)),
          ),
        ]);
        const lost = new Set(bad.filter((id) => id < forms.length).map(recordOf));
        expect(rejects.map(({ record }) => record)).toEqual([...lost].toSorted((a, b) => a - b));
        const kept = [...forms.keys()].filter((id) => !lost.has(recordOf(id)));
        expect(await stored()).toEqual(kept.map((id) => ({ id, n: 1 })));
      }),
      { numRuns: 12 },
    );
  });

  test("a text that its type does not read, among binary rows", async () => {
    const rows = [binaryRow(0, 1), textRow(1, "x"), binaryRow(2, 1), textRow(3, 1)];
    const rejects = await load("CREATE TABLE t (id int, n int)", [mixedOutput(rows)]);
    const message = 'invalid input syntax for type integer: "x" (22P02), column "n"';
    expect(rejects).toEqual([{ record: 1, code: "ROW_REFUSED", message }]);
  });

  test("a length, a domain and a partition that is missing, in binary rows", async () => {
    const ddl = `DROP DOMAIN IF EXISTS few CASCADE; CREATE DOMAIN few AS int CHECK (VALUE < 100);
      CREATE TABLE t (id few, n varchar(3)) PARTITION BY RANGE (id); CREATE TABLE u PARTITION OF t FOR VALUES FROM (0) TO (50)`;
    const rows = [
      binaryRow(0, "abc"),
      binaryRow(1, "abcd"),
      binaryRow(60, "a"),
      binaryRow(100, "a"),
      binaryRow(2, "b"),
    ];
    const rejects = await load(ddl, [mixedOutput(rows)]);
    expect(
      rejects.map(({ record, message }) => [record, /\((?<code>\w{5})\)/.exec(message)?.groups?.["code"]]),
    ).toEqual([
      [1, "22001"],
      [2, "23514"],
      [3, "23514"],
    ]);
    expect(await stored()).toEqual([
      { id: 0, n: "abc" },
      { id: 2, n: "b" },
    ]);
  });
});

describe("a row that is no row of COPY's binary form", () => {
  const good = Array.from({ length: 20 }, (_, id) => binaryRow(id, 1));
  const broken = (change: (bytes: Buffer) => Buffer): FormedRow => ({
    form: 0,
    bytes: change(Buffer.from(binaryRow(20, 1).bytes)),
  });

  test.each([
    ["of other fields", "22P04", broken((bytes) => (bytes.writeInt16BE(3, 0), bytes))],
    [
      "a field too short for its type",
      "08P01",
      broken((bytes) => Buffer.concat([bytes.subarray(0, 10), Buffer.from([0, 0, 0, 2, 0, 0])])),
    ],
    [
      "a field too long for its type",
      "22P03",
      broken((bytes) => Buffer.concat([bytes.subarray(0, 10), Buffer.from([0, 0, 0, 5, 0, 0, 0, 0, 0])])),
    ],
    ["a length that leads beyond the end", "22P04", broken((bytes) => (bytes.writeInt32BE(1000, 10), bytes))],
  ])("is our fault and no reject: %s", async (_, sqlstate, bad) => {
    const outputs = [mixedOutput([...good, bad, ...good, textRow(0, 0)])];
    const ddl = "CREATE TABLE t (id int, n int)";
    await expect(load(ddl, outputs, { mode: "fast" })).rejects.toMatchObject({ fault: "record" });
    await expect(load(ddl, outputs)).rejects.toMatchObject({
      code: "INVARIANT",
      message: expect.stringContaining("the server cannot read a row in COPY's binary form"),
      details: { sqlstate },
    });
    expect(await stored()).toEqual([]);
  });
});

test("a database with another encoding takes what it can of binary texts, and rejects the others", async () => {
  const { server } = postgres;
  await server.query("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  const url = server.url().replace(/\/postgres$/, "/latin");
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("CREATE TABLE t (id int, n text)");
    await using writer = await openWriter({ url, table: "t", copy: "binary" });
    const progress = await claimSplit(writer);
    const unit = await writer.begin("careful", ["id", "n"]);
    const rows = [binaryRow(0, "Zürich"), binaryRow(1, "10 €"), textRow(2, "É"), textRow(3, "€")];
    const { rejects } = await unit.write(mixedOutput(rows), ROWS_ORIGIN);
    await unit.commit([advanceOf(progress, 4, 2)], []);
    expect(rejects.map(({ record }) => record)).toEqual([1, 3]);
    expect(rejects[0]?.message).toContain("(22P05)");
    const { rows: kept } = await client.query("SELECT * FROM t ORDER BY id");
    expect(kept).toEqual([
      { id: 0, n: "Zürich" },
      { id: 2, n: "É" },
    ]);
  } finally {
    await client.end();
  }
});

test("a job leaves the same rows and rejects whatever the form, also of notations that only the server reads", async () => {
  const ddl = `DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t CASCADE;
    CREATE TABLE t (id int, day date, at timestamptz, price numeric(12,2), tags text[], feel boolean, CHECK (id % 500 <> 77))`;
  // far enough apart for rows to be binary again
  const odd = (id: number, column: number, good: string, other: string): string =>
    id % 331 === 7 && Math.floor(id / 331) % 5 === column ? other : good;
  const lines = Array.from({ length: 2_000 }, (_, id) => ({
    id,
    day: id % 613 === 5 ? "Smarch 13" : odd(id, 0, "2024-02-29", "March 3, 2024"),
    at: odd(id, 1, "2024-05-01T10:00:00.123456+02:00", "2024-05-01 10:00 Europe/Berlin"),
    price: odd(id, 2, `${id}.125`, " 1e3 "),
    tags: odd(id, 3, '{a,"b c"}', "[0:0]={z}"),
    feel: odd(id, 4, "true", "yes"),
  }));
  const result = async (copy: "auto" | "text") => {
    await postgres.server.query(ddl);
    const sink = { type: "postgres", url: postgres.server.url(), table: "t", copy } as const;
    const { summary, rejects } = await loadLines(postgres.server, lines, {
      sinks: { sink },
      job: { chunk: { records: 300 } },
    });
    expect(summary).toMatchObject({ state: "succeeded", rejected: 4 + 4, balanced: true });
    return [rejects, await postgres.server.query("SELECT t::text FROM t ORDER BY id")];
  };
  expect(await result("auto")).toEqual(await result("text"));
});

describe("postgresSink.resolve()", () => {
  const ddl = `DROP TABLE IF EXISTS t CASCADE; DROP TYPE IF EXISTS mood CASCADE; DROP DOMAIN IF EXISTS tone, tint CASCADE;
    CREATE TYPE mood AS ENUM ('fine'); CREATE DOMAIN tone AS mood; CREATE DOMAIN tint AS tone;
    CREATE TABLE t (id int, n text, feel tint, doc xml, PRIMARY KEY (id))`;
  const resolve = async (change: SinkChange) => {
    await postgres.server.query(ddl);
    return resolveSink({ url: postgres.server.url(), table: "t", ...change });
  };

  test.each<[SinkChange, string, string]>([
    [{}, "pg-copy-binary", 'COPY binary, or text with column "doc" of type xml'],
    [{ columns: ["id", "feel"] }, "pg-copy-binary", "COPY binary"],
    [{ columns: ["id", "doc"] }, "pg-copy-binary", 'COPY text, because of column "doc" of type xml'],
    [{ columns: ["id", "feel"], copy: "binary" }, "pg-copy-binary", "COPY binary"],
    [{ columns: ["id", "feel"], mode: "upsert" }, "pg-copy-binary", "COPY binary"],
    [{ copy: "text" }, "pg-copy", "COPY text"],
    [{ mode: "insert" }, "pg-copy", "INSERT"],
  ])("says in which form rows go: %j", async (change, format, found) => {
    await using sink = await resolve(change);
    expect([sink.encode.format, sink.found]).toEqual([format, found]);
  });

  test("refuses copy: binary with a column that goes by text alone, as soon as it is known", async () => {
    const error = {
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/copy: binary: column "doc" of type xml goes by text alone; set copy: auto/),
    };
    await expect(resolve({ copy: "binary", columns: ["id", "doc"] })).rejects.toMatchObject(error);
    await using found = await resolve({ copy: "binary" });
    await using writer = await found.open({
      job: "orders",
      run: "run-1",
      scope: "run-1",
      sink: "sink",
      signal: new AbortController().signal,
      resumed: false,
    });
    await expect(writer.begin("fast", ["id", "doc"])).rejects.toMatchObject(error);
    await (await writer.begin("fast", ["id", "n"])).rollback();
  });
});
