import { describe, expect, test } from "vitest";
import { EmbeddedPostgres } from "../../support/embedded-postgres.ts";
import {
  advanceOf,
  claimSplit,
  openWriter,
  outputOf,
  progressAfter,
  rejectOf,
  resolveSink,
  sessionOf,
  usePostgres,
} from "../../support/postgres.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const postgres = usePostgres();

/** A table of its own for a test, with its url. */
async function makeTable(
  columns: string,
): Promise<{ url: string; table: string; rows: () => Promise<readonly unknown[]> }> {
  const { server } = postgres;
  const table = `t${Math.random().toString(36).slice(2)}`;
  await server.query(`CREATE TABLE ${table} (${columns})`);
  await server.query("DROP SCHEMA IF EXISTS millrace CASCADE");
  return { url: server.url(), table, rows: () => server.query(`SELECT * FROM ${table} ORDER BY 1`) };
}

describe("CopyUnit", () => {
  test("commits rows, positions and rejects in one step", async () => {
    const { rows, ...target } = await makeTable("id int, name text");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id", "name"]);
    expect(
      await unit.write(
        outputOf([
          [1, "a"],
          [2, null],
        ]),
        ROWS_ORIGIN,
      ),
    ).toEqual({ rejects: [] });
    await unit.write(outputOf([[3, "tab\tand\nline"]]), ROWS_ORIGIN);
    expect(await rows()).toEqual([]);

    const advance = advanceOf(progress, 4, 1);
    await unit.commit([advance], [rejectOf()]);

    expect(await rows()).toEqual([
      { id: 1, name: "a" },
      { id: 2, name: null },
      { id: 3, name: "tab\tand\nline" },
    ]);
    expect(await writer.progress?.(["a.csv"])).toEqual([progressAfter(advance)]);
    const [reject] = await postgres.server.query("SELECT * FROM millrace.rejects");
    expect(reject).toMatchObject({ job: "orders", ordinal: "3", token: "30", sink: null, output: null, raw: "a,b,c" });
  });

  test("leaves nothing behind when it is rolled back in the middle of its COPY", async () => {
    const { rows, ...target } = await makeTable("id int");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    await unit.rollback();
    await unit.rollback();
    expect(await rows()).toEqual([]);
    expect(await writer.progress?.(["a.csv"])).toEqual([progress]);
  });

  test("moves the position of a unit without rows", async () => {
    const { rows, ...target } = await makeTable("id int");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", null);
    await unit.write(outputOf([]), ROWS_ORIGIN);
    await unit.commit([advanceOf(progress, 5)], []);
    expect(await rows()).toEqual([]);
    expect(await writer.progress?.(["a.csv"])).toMatchObject([{ position: { ordinal: 5n } }]);
  });

  test("fails as a record's fault when the server refuses a row, and can be begun anew", async () => {
    const { rows, ...target } = await makeTable("id int, amount numeric(4,2)");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id", "amount"]);
    const filled = unit
      .write(
        outputOf([
          [1, "1.5"],
          [2, "12345"],
        ]),
        ROWS_ORIGIN,
      )
      .then(() => unit.commit([advanceOf(progress, 2)], []));
    await expect(filled).rejects.toMatchObject({
      code: "ROW_REFUSED",
      fault: "record",
      message: `sink "sink" (postgres ${target.table}): COPY: numeric field overflow (22003), column "amount"`,
      details: { sqlstate: "22003", line: 2, column: "amount" },
    });
    await unit.rollback();
    await expect(unit.write(outputOf([[3, "1"]]), ROWS_ORIGIN)).rejects.toMatchObject({ code: "INVARIANT" });

    const again = await writer.begin("fast", ["id", "amount"]);
    await again.write(outputOf([[1, "1.5"]]), ROWS_ORIGIN);
    await again.commit([advanceOf(progress, 2, 1)], []);
    expect(await rows()).toEqual([{ id: 1, amount: "1.50" }]);
  });

  test("is a record's fault as well when a deferred constraint fails at COMMIT", async () => {
    await makeTable("x int");
    const { rows, ...target } = await makeTable("id int, UNIQUE (id) DEFERRABLE INITIALLY DEFERRED");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1], [1]]), ROWS_ORIGIN);
    await expect(unit.commit([advanceOf(progress, 2)], [])).rejects.toMatchObject({
      code: "ROW_REFUSED",
      fault: "record",
    });
    expect(await rows()).toEqual([]);
    expect(await writer.progress?.(["a.csv"])).toEqual([progress]);
  });

  test("names a column that the table does not have", async () => {
    const { url, table } = await makeTable("id int, email text, double_id int GENERATED ALWAYS AS (id * 2) STORED");
    await using writer = await openWriter({ url, table });
    await expect(writer.begin("fast", ["id", "emial"])).rejects.toThrow(
      `sink "sink" (postgres ${table}) has no column "emial"; did you mean "email"?`,
    );
    await expect(writer.begin("fast", ["double_id"])).rejects.toThrow(`column "double_id" is computed by the server`);
  });

  test("writes names that need quoting", async () => {
    const { server } = postgres;
    await server.query(`CREATE SCHEMA "My.Schema"; CREATE TABLE "My.Schema"."a, line 7" ("a ""b""" int)`);
    await using writer = await openWriter({ url: server.url(), table: '"My.Schema"."a, line 7"' });
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ['a "b"']);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    await unit.commit([advanceOf(progress, 1)], []);
    expect(await server.query(`SELECT * FROM "My.Schema"."a, line 7"`)).toEqual([{ 'a "b"': 1 }]);
  });
});

describe("PostgresWriter", () => {
  test("commits two units that fill side by side in the order in which they are asked", async () => {
    const { rows, ...target } = await makeTable("id int");
    await using writer = await openWriter(target);
    expect(writer.lanes).toBe(2);
    let progress = await claimSplit(writer);
    let previous: Promise<void> = Promise.resolve();
    for (let round = 0; round < 20; round++) {
      const unit = await writer.begin("fast", ["id"]);
      await unit.write(outputOf([[2 * round], [2 * round + 1]]), ROWS_ORIGIN);
      const advance = advanceOf(progress, 2);
      const committed = unit.commit([advance], []);
      await previous;
      previous = committed;
      progress = progressAfter(advance);
    }
    await previous;
    expect(await rows()).toHaveLength(40);
    expect(await writer.progress?.(["a.csv"])).toEqual([progress]);
  });

  test("lets a compare-and-set see what it waited for, whatever isolation the database is set to", async () => {
    const { url, table } = await makeTable("id int");
    await postgres.server.query("ALTER ROLE postgres SET default_transaction_isolation = 'repeatable read'");
    await using writer = await openWriter({ url, table });
    const progress = await claimSplit(writer);
    const [first, second] = [await writer.begin("fast", ["id"]), await writer.begin("fast", ["id"])];
    await first.write(outputOf([[1]]), ROWS_ORIGIN);
    await second.write(outputOf([[2]]), ROWS_ORIGIN);
    const step = advanceOf(progress, 1);
    await Promise.all([first.commit([step], []), second.commit([advanceOf(progressAfter(step), 1)], [])]);
    await postgres.server.query("ALTER ROLE postgres RESET default_transaction_isolation");
  });

  test("does not commit a unit whose predecessor failed", async () => {
    const { rows, ...target } = await makeTable("id int");
    await using writer = await openWriter(target);
    const progress = await claimSplit(writer);
    const [first, second] = [await writer.begin("fast", ["id"]), await writer.begin("fast", ["id"])];
    await first.write(outputOf([["one"]]), ROWS_ORIGIN).catch(() => {});
    await second.write(outputOf([[2]]), ROWS_ORIGIN);
    const step = advanceOf(progress, 1);
    const outcomes = await Promise.allSettled([
      first.commit([step], []),
      second.commit([advanceOf(progressAfter(step), 1)], []),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await rows()).toEqual([]);
  });

  test("keeps to one lane where rows can wait for rows", async () => {
    const { url, table } = await makeTable("id int PRIMARY KEY");
    await using writer = await openWriter({ url, table });
    expect(writer.lanes).toBe(1);
    const { table: free } = await makeTable("id int");
    await using narrow = await openWriter({ url, table: free, pool: { max: 1 } });
    expect(narrow.lanes).toBe(1);
  });

  test("takes the connection of the unit behind for one that is due, where the pool has no other", async () => {
    const { url, table, rows } = await makeTable("id int");
    await using writer = await openWriter({ url, table, pool: { max: 1 } });
    const from = await claimSplit(writer);
    const [step, following] = [advanceOf(from, 1), advanceOf(progressAfter(advanceOf(from, 1)), 1)];
    const later = await writer.begin("fast", ["id"], "next");
    await later.write(outputOf([[2]]), ROWS_ORIGIN);
    // all its records were filtered
    const first = await writer.begin("fast", ["id"], "due");
    await first.commit([step], []);
    const taken = { code: "SINK_UNAVAILABLE", fault: "transient" };
    await expect(later.write(outputOf([[3]]), ROWS_ORIGIN)).rejects.toMatchObject(taken);
    await later.rollback();
    const again = await writer.begin("fast", ["id"], "due");
    await again.write(outputOf([[2], [3]]), ROWS_ORIGIN);
    await again.commit([following], []);
    expect(await rows()).toEqual([{ id: 2 }, { id: 3 }]);
  });

  test("ends connections that units still hold", async () => {
    const { url, table } = await makeTable("id int");
    const writer = await openWriter({ url, table });
    await claimSplit(writer);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    await writer[Symbol.asyncDispose]();
    await expect
      .poll(() => postgres.server.query("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'millrace%'"))
      .toEqual([]);
  });

  test("shows job and run in pg_stat_activity while it works, and nobody's name otherwise", async () => {
    const { url, table } = await makeTable("id int");
    await using writer = await openWriter({ url, table });
    const from = await claimSplit(writer);
    const names = () =>
      postgres.server.query("SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'm%'");
    expect(await names()).toEqual([{ name: "millrace" }]);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    expect(await names()).toEqual([{ name: "millrace orders run-1" }]);
    await unit.commit([advanceOf(from, 1)], []);
    expect(await names()).toEqual([{ name: "millrace" }]);
  });
});

describe("BoundSink", () => {
  test("remembers a run that never ended until it is finished or given up", async () => {
    const { url, table } = await makeTable("id int");
    await using sink = await resolveSink({ url, table });
    expect(await sink.unfinished?.("orders")).toEqual([]);
    for (const run of ["run-1", "run-2"]) {
      await using writer = await sink.open(sessionOf({ run, scope: run }));
      const progress = await claimSplit(writer);
      const unit = await writer.begin("fast", ["id"]);
      await unit.write(outputOf([[1]]), ROWS_ORIGIN);
      await unit.commit([advanceOf(progress, 1)], []);
      if (run === "run-2") await writer.finish();
    }
    expect(await sink.unfinished?.("orders")).toMatchObject([{ run: "run-1", scope: "run-1", written: 1 }]);
    expect(await sink.unfinished?.("others")).toEqual([]);
    await sink.abandon?.("orders", "run-1");
    expect(await sink.unfinished?.("orders")).toEqual([]);
  });
});

test("EmbeddedPostgres keeps its data over a stop and a start", async () => {
  await using server = await EmbeddedPostgres.start();
  await server.query("CREATE TABLE kept AS SELECT 1 AS one");
  await server.stop("fast");
  await server.start();
  expect(await server.query("SELECT * FROM kept")).toEqual([{ one: 1 }]);
});
