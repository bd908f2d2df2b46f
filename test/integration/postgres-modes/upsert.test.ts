/** Rows that are updated or inserted by key, ignored where there is one already, or deleted. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advanceOf, claimSplit, openWriter, outputOf, progressAfter, usePostgres } from "../../support/postgres.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";
import { load, rejectsOf, useTables } from "./support.ts";

const postgres = usePostgres();
const makeTable = useTables(postgres, "CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1)");

describe("mode upsert", () => {
  test("updates what is there, inserts what is not, and lets the last row of a key win", async () => {
    const t = await makeTable("id int PRIMARY KEY, v text, n int DEFAULT 7", "(1, 'old', 1), (2, 'kept', 2)");
    const lines = [
      { id: 1, v: "a" },
      { id: 3, v: "b" },
      { id: 1, v: "c" },
      { id: 3, v: "d" },
    ];
    const summary = await load(t, lines, { mode: "upsert", key: ["id"] });
    expect(summary).toMatchObject({ state: "succeeded", read: 4, written: 4, rejected: 0, balanced: true });
    expect(await t.rows()).toEqual([
      { id: 1, v: "c", n: 1 },
      { id: 2, v: "kept", n: 2 },
      { id: 3, v: "d", n: 7 },
    ]);
  });

  test("gives the same whatever the chunks and units", async () => {
    const lines = Array.from({ length: 300 }, (_, i) => ({ id: (i * 7) % 40, v: `v${i}` }));
    const last = new Map(lines.map(({ id, v }) => [id, v]));
    const expected = [...last].map(([id, v]) => ({ id, v })).toSorted((a, b) => a.id - b.id);
    for (const job of [{}, { chunk: { records: 3 } }, { chunk: { records: 7 }, commit: { bytes: 1 } }]) {
      const t = await makeTable("id int PRIMARY KEY, v text");
      await load(t, lines, { mode: "upsert" }, job);
      await load(t, lines, { mode: "upsert" }, job);
      expect(await t.rows()).toEqual(expected);
    }
  });

  test("deletes by a field that is no column, whatever comes first", async () => {
    const t = await makeTable("id int PRIMARY KEY, v text NOT NULL", "(1, 'x'), (2, 'x'), (3, 'x')");
    const lines = [
      { id: 1, v: "y" },
      { id: 2, gone: true },
      { id: 1, gone: true },
      { id: 3, gone: true },
      { id: 3, v: "back", gone: false },
      { id: 4, gone: true },
    ];
    const sink = { mode: "upsert", deleteWhen: "gone" };
    expect(await load(t, lines, sink)).toMatchObject({ written: 6, balanced: true });
    expect(await t.rows()).toEqual([{ id: 3, v: "back" }]);
    await load(t, [{ id: 5, v: "no flag at all" }], sink);
    expect(await t.rows()).toHaveLength(2);
  });

  test("deletes by what a field holds, and rejects what its flag cannot be", async () => {
    const t = await makeTable("id int PRIMARY KEY, op text", "(1, 'i'), (2, 'i')");
    await load(
      t,
      [
        { id: 1, op: "d" },
        { id: 2, op: "u" },
      ],
      { mode: "upsert", deleteWhen: { field: "op", equals: "d" } },
    );
    expect(await t.rows()).toEqual([{ id: 2, op: "u" }]);
    const lines = [
      { id: 2, op: "v", gone: "maybe" },
      { id: 3, op: "w", gone: false },
    ];
    expect(await load(t, lines, { mode: "upsert", deleteWhen: "gone" })).toMatchObject({ written: 1, rejected: 1 });
    expect(await rejectsOf(t)).toEqual([{ line: 1, message: expect.stringContaining("boolean") }]);
  });

  test("onlyNewer keeps the stored row unless the incoming one is newer, within a unit and across", async () => {
    const lines = [
      { id: 1, at: 5, v: "older" },
      { id: 2, at: 9, v: "newer" },
      { id: 2, at: 9, v: "as new" },
      { id: 2, at: 7, v: "late" },
      { id: 3, at: null, v: "first" },
      { id: 3, at: null, v: "second" },
      { id: 4, at: 1, v: "known" },
    ];
    for (const job of [{}, { chunk: { records: 1 }, commit: { bytes: 1 } }]) {
      const t = await makeTable("id int PRIMARY KEY, at int, v text", "(1, 6, 'x'), (2, 8, 'x'), (4, NULL, 'x')");
      await load(t, lines, { mode: "upsert", onlyNewer: "at" }, job);
      expect((await t.rows()).map(({ v }) => v)).toEqual(["x", "newer", "first", "known"]);
    }
  });

  test("tells rows with a null in the key apart where the index does", async () => {
    const lines = [
      { a: 1, b: null, v: "p" },
      { a: 1, b: null, v: "q" },
      { a: 1, b: 2, v: "r" },
      { a: 1, b: 2, v: "s" },
    ];
    const values = async (index: string): Promise<readonly unknown[]> => {
      const t = await makeTable("a int, b int, v text");
      await t.server.query(`CREATE UNIQUE INDEX ON ${t.name} (b, a) ${index}`);
      await load(t, lines, { mode: "upsert", key: ["a", "b"] });
      return (await t.server.query(`SELECT v FROM ${t.name} ORDER BY v`)).map(({ v }) => v);
    };
    expect(await values("")).toEqual(["p", "q", "s"]);
    expect(await values("NULLS NOT DISTINCT")).toEqual(["q", "s"]);
  });

  test("writes into identity, generated, quoted and partitioned tables", async () => {
    const t = await makeTable(
      `"Id" int GENERATED ALWAYS AS IDENTITY, "a ""b""" text, millrace_place int, twice text GENERATED ALWAYS AS ("a ""b""" || '!') STORED, PRIMARY KEY ("Id")) PARTITION BY RANGE ("Id"`,
    );
    await t.server.query(`CREATE TABLE ${t.name}_p PARTITION OF ${t.name} DEFAULT`);
    const lines = [
      { Id: 1, 'a "b"': "x", millrace_place: 3 },
      { Id: 1, 'a "b"': "y", millrace_place: 4 },
    ];
    expect(await load(t, lines, { mode: "upsert" })).toMatchObject({ written: 2 });
    expect(await load(t, lines, { mode: "upsert" })).toMatchObject({ written: 2 });
    expect(await t.rows()).toEqual([{ Id: 1, 'a "b"': "y", millrace_place: 4, twice: "y!" }]);
  });

  test("rejects exactly the rows of which the type, a check, a null or a foreign key is wrong", async () => {
    const t = await makeTable(
      "id int PRIMARY KEY, n int NOT NULL CHECK (n < 1000), p int REFERENCES parents (id)",
      undefined,
    );
    const lines = Array.from({ length: 500 }, (_, id): { id: number; n: unknown; p: number } => ({ id, n: id, p: 1 }));
    const bad = new Map([
      [3, { n: "x" }],
      [77, { n: 5000 }],
      [78, { n: null }],
      [311, { p: 2 }],
      [499, { n: 1000 }],
    ]);
    for (const [id, change] of bad) Object.assign(lines[id] ?? {}, change);
    const summary = await load(t, lines, { mode: "upsert" }, { chunk: { records: 90 } });
    expect(summary).toMatchObject({ state: "succeeded", written: 495, rejected: 5, balanced: true });
    expect((await rejectsOf(t)).map(({ line }) => Number(line) - 1)).toEqual([...bad.keys()]);
    expect((await t.rows("id")).map(({ id }) => id)).toEqual(lines.map(({ id }) => id).filter((id) => !bad.has(id)));
  });

  test.each([
    [{ key: ["v"] }, "nothing keeps [v] unique in the table; its unique indexes are on [id], [n]"],
    [{ key: ["x"] }, 'key has no column "x"'],
    [{ onlyNewer: "x" }, 'onlyNewer has no column "x"'],
    [{ columns: ["v"] }, 'needs the column "id"'],
  ])("is refused before anything is written: %j", async (sink, message) => {
    const t = await makeTable("id int PRIMARY KEY, v text, n int UNIQUE");
    await expect(load(t, [{ id: 1, v: "a" }], { mode: "upsert", ...sink })).rejects.toThrow(message);
  });
});

describe("mode insertIgnore", () => {
  test("keeps what is there, by any key or by the one named", async () => {
    const t = await makeTable("id int PRIMARY KEY, e text UNIQUE", "(1, 'a')");
    const lines = [
      { id: 1, e: "b" },
      { id: 2, e: "a" },
      { id: 3, e: "c" },
      { id: 3, e: "d" },
    ];
    expect(await load(t, lines, { mode: "insertIgnore" })).toMatchObject({ written: 4, balanced: true });
    expect(await t.rows()).toEqual([
      { id: 1, e: "a" },
      { id: 3, e: "c" },
    ]);
    const named = await load(t, lines, { mode: "insertIgnore", key: ["id"] });
    expect(named).toMatchObject({ written: 3, rejected: 1 });
    expect(await rejectsOf(t)).toEqual([{ line: 2, message: expect.stringContaining("e_key") }]);
  });
});

/** A row of the property: key, age, value, and whether it deletes. */
type Row = readonly [id: number, at: number | null, v: string, gone: "t" | "f"];

/** What one row after another would leave behind. */
function oneByOne(rows: readonly Row[], rule: "last" | "newer" | "deletes"): readonly unknown[] {
  const stored = new Map<number, { id: number; at: number | null; v: string }>();
  for (const [id, at, v, gone] of rows) {
    const old = stored.get(id);
    const isNewer = old === undefined || (at !== null && (old.at === null || at > old.at));
    if (rule === "newer" && !isNewer) continue;
    if (rule === "deletes" && gone === "t") stored.delete(id);
    else stored.set(id, { id, at, v });
  }
  return [...stored.values()].toSorted((a, b) => a.id - b.id);
}

test.each(["last", "newer", "deletes"] as const)(
  "an upsert does what one row after another would do, however units and chunks fall: %s",
  async (rule) => {
    const t = await makeTable("id int PRIMARY KEY, at int, v text NOT NULL");
    const options = {
      url: t.server.url(),
      table: t.name,
      mode: "upsert" as const,
      ...(rule === "newer" && { onlyNewer: "at" }),
      ...(rule === "deletes" && { deleteWhen: "gone" }),
    };
    await using writer = await openWriter(options);
    let progress = await claimSplit(writer);
    const row = fc.tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.option(fc.integer({ min: 0, max: 4 })),
      fc.string({ unit: "grapheme-ascii", maxLength: 3 }),
      fc.constantFrom("t" as const, "f" as const),
    );
    const chunk = fc.array(row, { minLength: 1, maxLength: 8 });
    const unit = fc.record({
      chunks: fc.array(chunk, { minLength: 1, maxLength: 3 }),
      mode: fc.constantFrom("fast" as const, "careful" as const),
    });
    const width = rule === "deletes" ? 4 : 3;
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 4 }), async (units) => {
        await t.server.query(`TRUNCATE ${t.name}`);
        for (const { chunks, mode } of units) {
          const open = await writer.begin(mode, ["id", "at", "v", "gone"].slice(0, width));
          for (const rows of chunks) await open.write(outputOf(rows.map((one) => one.slice(0, width))), ROWS_ORIGIN);
          const advance = advanceOf(progress, chunks.flat().length);
          await open.commit([advance], []);
          progress = progressAfter(advance);
        }
        expect(await t.rows()).toEqual(
          oneByOne(
            units.flatMap(({ chunks }) => chunks.flat()),
            rule,
          ),
        );
      }),
      { numRuns: 20 },
    );
  },
);
