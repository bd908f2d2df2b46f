import { describe, expect, test } from "vitest";
import type { WriteReject } from "../../../src/core/ports/sink.ts";
import { advanceOf, claimSplit, openWriter, outputOf, usePostgres } from "../../support/postgres.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const postgres = usePostgres();

/** What a careful unit makes of one output: its rejects, and the ids in the table afterwards. */
interface Outcome {
  readonly rejects: readonly WriteReject[];
  readonly ids: readonly unknown[];
}

/** Makes table `t` by `ddl` and writes outputs into it, carefully. */
async function writeCarefully(
  ddl: string,
  columns: readonly string[],
  ...outputs: ReturnType<typeof outputOf>[]
): Promise<Outcome> {
  const { server } = postgres;
  await server.query(`DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t, parents CASCADE; ${ddl}`);
  await using writer = await openWriter({ url: server.url(), table: "t" });
  const progress = await claimSplit(writer);
  const unit = await writer.begin("careful", columns);
  const rejects: WriteReject[] = [];
  for (const output of outputs) rejects.push(...(await unit.write(output, ROWS_ORIGIN)).rejects);
  await unit.commit([advanceOf(progress, 100, rejects.length)], []);
  expect(await writer.progress?.(["a.csv"])).toMatchObject([{ position: { ordinal: 100n } }]);
  const rows = await server.query("SELECT id FROM t ORDER BY id");
  return { rejects, ids: rows.map(({ id }) => id) };
}

/** Ten rows of which number 3 and number 7 are as given. */
function tenRows(
  good: (id: number) => readonly (string | number | null)[],
  bad: Readonly<Record<number, readonly (string | number | null)[]>>,
) {
  return outputOf(Array.from({ length: 10 }, (_, id) => bad[id] ?? good(id)));
}

const withoutTwo = [0, 1, 2, 4, 5, 6, 8, 9];

describe("CarefulUnit.write() rejects exactly the rows that violate", () => {
  test.each([
    [
      "a check",
      "CREATE TABLE t (id int, n int CHECK (n < 100))",
      1000,
      `violates check constraint "t_n_check" (23514)`,
    ],
    [
      "a not null",
      "CREATE TABLE t (id int, n int NOT NULL)",
      null,
      `null value in column "n" of relation "t" violates not-null constraint (23502)`,
    ],
    [
      "a length",
      "CREATE TABLE t (id int, n varchar(3))",
      "long",
      `value too long for type character varying(3) (22001), column "n"`,
    ],
    [
      "a type",
      "CREATE TABLE t (id int, n int)",
      "x, line 1",
      `invalid input syntax for type integer: "x, line 1" (22P02), column "n"`,
    ],
    [
      "a numeric's range",
      "CREATE TABLE t (id int, n numeric(4,2))",
      12345,
      `numeric field overflow (22003), column "n"`,
    ],
    [
      "a domain",
      "CREATE DOMAIN IF_NEW AS int CHECK (VALUE < 100); CREATE TABLE t (id int, n IF_NEW)",
      500,
      `value for domain if_new violates check constraint "if_new_check" (23514), column "n"`,
    ],
  ])("%s", async (_name, ddl, bad, message) => {
    const drop = ddl.includes("DOMAIN") ? "DROP DOMAIN IF EXISTS IF_NEW CASCADE; " : "";
    const rows = tenRows((id) => [id, 1], { 3: [3, bad], 7: [7, bad] });
    const { rejects, ids } = await writeCarefully(drop + ddl, ["id", "n"], rows);
    expect(ids).toEqual(withoutTwo);
    expect(rejects).toMatchObject([
      { record: 3, code: "ROW_REFUSED" },
      { record: 7, code: "ROW_REFUSED" },
    ]);
    expect(rejects[0]?.message).toContain(message);
    expect(rejects[0]).not.toHaveProperty("output");
  });

  test("a unique key, keeping the first of two", async () => {
    const rows = tenRows((id) => [id, 1], { 3: [2, 1], 7: [6, 1] });
    const { rejects, ids } = await writeCarefully("CREATE TABLE t (id int PRIMARY KEY, n int)", ["id", "n"], rows);
    expect(ids).toEqual(withoutTwo);
    expect(rejects.map(({ record }) => record)).toEqual([3, 7]);
    expect(rejects[0]?.message).toBe(
      `duplicate key value violates unique constraint "t_pkey" (23505): Key (id)=(2) already exists.`,
    );
  });

  test.each(["", "DEFERRABLE INITIALLY DEFERRED"])("a foreign key %s, which names no row", async (deferral) => {
    const ddl = `CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
      CREATE TABLE t (id int, parent int REFERENCES parents ${deferral})`;
    const { rejects, ids } = await writeCarefully(
      ddl,
      ["id", "parent"],
      tenRows((id) => [id, 1], { 3: [3, 77], 7: [7, 78] }),
    );
    expect(ids).toEqual(withoutTwo);
    expect(rejects.map(({ record }) => record)).toEqual([3, 7]);
    expect(rejects[0]?.message).toContain(`(23503): Key (parent)=(77) is not present in table "parents".`);
  });

  test("a deferred unique constraint", async () => {
    const ddl = "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, n int)";
    const { rejects, ids } = await writeCarefully(
      ddl,
      ["id", "n"],
      tenRows((id) => [id, 1], { 3: [2, 1] }),
    );
    expect(ids).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
    expect(rejects.map(({ record }) => record)).toEqual([3]);
  });

  test.each([
    ["before each row", "BEFORE INSERT", "P0001"],
    ["after each row", "AFTER INSERT", "P0001"],
    ["with a code of its own", "BEFORE INSERT", "ZZ001"],
  ])("a trigger %s", async (_name, when, sqlstate) => {
    const ddl = `CREATE TABLE t (id int, n int);
      CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF new.n > 9 THEN RAISE EXCEPTION 'n is %', new.n USING ERRCODE = '${sqlstate}'; END IF; RETURN new; END $$;
      CREATE TRIGGER refuse ${when} ON t FOR EACH ROW EXECUTE FUNCTION refuse()`;
    const { rejects, ids } = await writeCarefully(
      ddl,
      ["id", "n"],
      tenRows((id) => [id, 1], { 3: [3, 10], 7: [7, 11] }),
    );
    expect(ids).toEqual(withoutTwo);
    expect(rejects.map(({ message }) => message)).toEqual([`n is 10 (${sqlstate})`, `n is 11 (${sqlstate})`]);
  });
});

describe("CarefulUnit.write()", () => {
  const check = "CREATE TABLE t (id int, n int CHECK (n < 100))";
  const foreign = `CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
    CREATE TABLE t (id int, n int REFERENCES parents)`;

  test.each([
    ["named", check],
    ["unnamed", foreign],
  ])("leaves out all rows of a record of which one is bad (%s)", async (_name, ddl) => {
    const bad = outputOf(
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 500],
        [4, 1],
        [5, 1],
      ],
      [0, 4, 4, 4, 4, 9],
    );
    const { rejects, ids } = await writeCarefully(ddl, ["id", "n"], bad);
    expect(ids).toEqual([0, 5]);
    expect(rejects).toMatchObject([{ record: 4, output: 2 }]);
  });

  test("rejects every row of a chunk when every row is bad", async () => {
    const bad = outputOf(Array.from({ length: 20 }, (_, id) => [id, 500]));
    const { rejects, ids } = await writeCarefully(check, ["id", "n"], bad, outputOf([[100, 1]]));
    expect(ids).toEqual([100]);
    expect(rejects).toHaveLength(20);
  });

  test("goes on over several chunks", async () => {
    const chunk = (base: number) =>
      outputOf([
        [base, 1],
        [base + 1, 500],
        [base + 2, 1],
      ]);
    const { rejects, ids } = await writeCarefully(check, ["id", "n"], chunk(0), outputOf([]), chunk(10));
    expect(ids).toEqual([0, 2, 10, 12]);
    expect(rejects.map(({ record }) => record)).toEqual([1, 1]);
  });

  test.each([
    ["named", check],
    ["unnamed", foreign],
  ])("finds bad rows at every tenth place (%s)", async (_name, ddl) => {
    const rows = Array.from({ length: 1000 }, (_, id) => [id, id % 10 === 9 ? 500 : 1]);
    const { rejects, ids } = await writeCarefully(ddl, ["id", "n"], outputOf(rows));
    expect(rejects.map(({ record }) => record)).toEqual(Array.from({ length: 100 }, (_, index) => 10 * index + 9));
    expect(ids).toHaveLength(900);
  });

  test("finds bad rows in a partitioned table", async () => {
    const ddl = `CREATE TABLE t (id int, n int CHECK (n < 100)) PARTITION BY RANGE (id);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (5); CREATE UNIQUE INDEX ON t_low (id);
      CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (5) TO (9)`;
    const { rejects, ids } = await writeCarefully(
      ddl,
      ["id", "n"],
      tenRows((id) => [id, 1], { 3: [2, 1], 7: [7, 500] }),
    );
    expect(ids).toEqual([0, 1, 2, 4, 5, 6, 8]);
    expect(rejects.map(({ record }) => record)).toEqual([3, 7, 9]);
    expect(rejects[2]?.message).toContain(`no partition of relation "t" found for row (23514)`);
  });

  test("fails when every row meets an error that is no row's own", async () => {
    const { server } = postgres;
    await server.query(`DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t CASCADE; CREATE TABLE t (id int);
      CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM missing_function(); RETURN new; END $$;
      CREATE TRIGGER broken BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION broken()`);
    await using writer = await openWriter({ url: server.url(), table: "t" });
    const progress = await claimSplit(writer);
    const unit = await writer.begin("careful", ["id"]);
    const { rejects } = await unit.write(outputOf([[1], [2], [3]]), ROWS_ORIGIN);
    expect(rejects).toHaveLength(3);
    await expect(unit.commit([advanceOf(progress, 3, 3)], [])).rejects.toMatchObject({
      code: "SINK_REFUSED",
      fault: "fatal",
      message: expect.stringContaining("with every row alike: function missing_function() does not exist (42883)"),
    });
    await unit.rollback();
  });
});
