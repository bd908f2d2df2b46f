/** What comes before the rows and behind them: `before`, `after`, a table or columns that are made; and mode insert. */
import { describe, expect, test } from "vitest";
import { claimSplit, advanceOf, openWriter, outputOf, usePostgres } from "../../support/postgres.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";
import { load, rejectsOf, tableOf, useTables } from "./support.ts";

const postgres = usePostgres();
const makeTable = useTables(postgres, "CREATE TABLE log (id serial, said text)");

describe("before and after", () => {
  test.each(["append", "replace"])("run once a run, in mode %s, also without a record", async (mode) => {
    const t = await makeTable("id int PRIMARY KEY, v text", "(9, 'old')");
    const said = async () => (await t.server.query("SELECT said FROM log ORDER BY id")).map((row) => row["said"]);
    const say = (what: string) => `INSERT INTO log (said) SELECT '${what} ' || count(*) FROM ${t.name}; SELECT 1`;
    const sink = { mode, before: say("before"), after: say("after") };
    const lines = Array.from({ length: 50 }, (_, id) => ({ id: id + 10, v: id === 20 ? "x".repeat(9) : "v" }));
    await t.server.query(`TRUNCATE log; ALTER TABLE ${t.name} ADD CHECK (length(v) < 5)`);
    const summary = await load(t, lines, sink, { chunk: { records: 7 }, commit: { bytes: 1 } });
    expect(summary).toMatchObject({ state: "succeeded", written: 49, rejected: 1, balanced: true });
    expect(await said()).toEqual(["before 1", mode === "replace" ? "after 49" : "after 50"]);
    await t.server.query("TRUNCATE log");
    expect(await load(t, [], sink)).toMatchObject({ state: "succeeded" });
    expect(await said()).toHaveLength(2);
  });

  test("before takes effect with the first rows or not at all, and only once over crashes", async () => {
    const t = await makeTable("id int", "(1)");
    const options = { url: t.server.url(), table: t.name, before: `TRUNCATE ${t.name}` };
    await using first = await openWriter(options);
    const claimed = await claimSplit(first);
    const dropped = await first.begin("fast", ["id"]);
    await dropped.write(outputOf([[2]]), ROWS_ORIGIN);
    await dropped.rollback();
    expect(await t.rows()).toEqual([{ id: 1 }]);
    const kept = await first.begin("careful", ["id"]);
    await kept.write(outputOf([[2]]), ROWS_ORIGIN);
    await kept.commit([advanceOf(claimed, 1)], []);
    await using second = await openWriter(options, { resumed: true });
    const again = await claimSplit(second);
    const unit = await second.begin("fast", ["id"]);
    await unit.write(outputOf([[3]]), ROWS_ORIGIN);
    await unit.commit([advanceOf(again, 1)], []);
    expect(await t.rows()).toEqual([{ id: 2 }, { id: 3 }]);
  });

  test("end the run when they fail, or end the transaction that they stand in", async () => {
    const t = await makeTable("id int");
    expect(await load(t, [{ id: 1 }], { before: "SELECT nothing" })).toMatchObject({ state: "failed", written: 0 });
    const told = await load(await makeTable("id int"), [{ id: 1 }], { after: "COMMIT" });
    expect(told).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("leave COMMIT and ROLLBACK out") },
    });
  });
});

describe("createTable and addColumn", () => {
  const columns = { id: "int", at: "timestamp", price: "decimal", ok: "boolean", data: "json" } as const;
  const line = { id: 1, at: "2024-05-01T10:00:00Z", price: "1.50", ok: true, data: { a: [1] }, note: "n" };

  test.each(["insert", "upsert", "replace"])("makes the table with the declared types: %s", async (mode) => {
    await postgres.server.query("DROP SCHEMA IF EXISTS millrace CASCADE");
    const t = tableOf(postgres.server, `"made ${mode}"`);
    const sink = { mode, createTable: true, key: ["id"] };
    for (const run of [1, 2]) {
      expect(await load(t, [line], sink, { columns })).toMatchObject(
        run === 2 && (mode === "append" || mode === "insert") ? { rejected: 1 } : { written: 1 },
      );
      expect(await t.rows()).toEqual([
        { id: "1", at: new Date(line.at), price: "1.50", ok: true, data: { a: [1] }, note: "n" },
      ]);
    }
    const refused = await load(t, [{ ...line, more: 1 }], sink, { columns }).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: "COLUMN_UNKNOWN" });
  });

  test("adds the columns that the first records have", async () => {
    const t = await makeTable("id int PRIMARY KEY", "(2)");
    const sink = { mode: "upsert", onUnknownField: "addColumn" };
    expect(await load(t, [line, { id: 2, note: "m" }], sink, { columns })).toMatchObject({
      written: 2,
      balanced: true,
    });
    expect(await t.rows("id, price, note, data")).toEqual([
      { id: 1, price: "1.50", note: "n", data: { a: [1] } },
      { id: 2, price: null, note: "m", data: null },
    ]);
  });
});

describe("mode insert", () => {
  test("writes into a view with an INSTEAD OF trigger, and every text as it is", async () => {
    const t = await makeTable("id int, v text, tags text[], code varchar(3), b bytea, bits bit(4)");
    const view = tableOf(t.server, `${t.name}_v`);
    await t.server.query(`CREATE VIEW ${view.name} AS SELECT * FROM ${t.name};
      CREATE FUNCTION f_${t.name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ${t.name} VALUES (NEW.*); RETURN NEW; END';
      CREATE TRIGGER i INSTEAD OF INSERT ON ${view.name} FOR EACH ROW EXECUTE FUNCTION f_${t.name}()`);
    const v = 'tab\\t\t"q" {x,\n\r\\N \\ \u0001é';
    const lines = [
      { id: 1, v, tags: ["a,b", null, '"'], code: "abc", b: "\\x00ff", bits: "1010" },
      { id: 2, v: null, tags: null, code: "long", b: null, bits: null },
      { id: 3, v: "\\N", tags: [], code: null, b: null, bits: "10101" },
      { id: "x", v: "" },
      { id: 5, v: "" },
    ];
    const summary = await load(view, lines, { mode: "insert" }, { chunk: { records: 2 } });
    expect(summary).toMatchObject({ state: "succeeded", written: 2, rejected: 3, balanced: true });
    expect((await rejectsOf(t)).map(({ line }) => line)).toEqual([2, 3, 4]);
    expect(await t.rows("id, v, tags, code, encode(b, 'hex') AS b")).toEqual([
      { id: 1, v, tags: ["a,b", null, '"'], code: "abc", b: "00ff" },
      { id: 5, v: "", tags: null, code: null, b: null },
    ]);
  });
});
