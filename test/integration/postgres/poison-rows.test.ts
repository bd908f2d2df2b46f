/**
 * Rows that only the server can refuse: exactly they are rejected, and all others are written once.
 *
 * Every kind is met beside all others; those of which the server tells in another way also by itself (`POISON=all`: every
 * kind by itself).
 */
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { ddlOf, LONELY_KINDS, POISON_KINDS, type PoisonKind } from "../../support/poison-kinds.ts";
import { type Line, loadLines, type LoadChange, poisonedLines, runLines } from "../../support/poison-load.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Proxy } from "../../support/proxy.ts";

const postgres = usePostgres();

/** Told by a line, by none, only at COMMIT, and with a code that is usually no data's. */
const TOLD_APART = [
  "a type",
  "an hstore",
  "a unique key",
  "a unique key at COMMIT",
  "a foreign key",
  "a foreign key at COMMIT",
  "a trigger with the code of a missing function",
  "a trigger at COMMIT",
] as const satisfies readonly (keyof typeof POISON_KINDS)[];

/** A map of the given keys. */
const all = <K, V>(keys: readonly K[], value: V): ReadonlyMap<K, V> => new Map(keys.map((key) => [key, value]));

/** Loads lines of which some are bad, and holds against it what has to become of them. */
async function expectRejected(lines: readonly Line[], bad: ReadonlyMap<number, PoisonKind>, change?: LoadChange) {
  const { summary, ids, rejects } = await loadLines(postgres.server, lines, change);
  expect(summary.error).toBeNull();
  expect(ids).toEqual(lines.map(({ id }) => id).filter((id) => !bad.has(id)));
  expect(rejects).toEqual(
    [...bad].map(([id, { sqlstate }]) => ({
      line: id + 1,
      raw: JSON.stringify(lines[id]),
      code: "ROW_REFUSED",
      stage: "write",
      sink: "sink",
      output: null,
      message: expect.stringContaining(`(${sqlstate})`),
    })),
  );
  const [read, rejected] = [lines.length, bad.size];
  const ledger = { read, written: read - rejected, rejected, filtered: 0, folded: 0, balanced: true };
  expect(summary).toMatchObject({ state: "succeeded", ...ledger, restarts: 0 });
  return summary;
}

/** Types that go by text, and with them all rows of their table. */
const BY_TEXT = /^(?:bit|int4range|xml|jsonpath|tsquery|tsvector|hstore|reg)/;

/** What no type holds: a row with it goes by text, and some behind it. */
const UNREADABLE: readonly string[] = ["22P02", "22007", "22008", "22003", "22023"];

/** Kinds that reach the server in binary rows. */
const BINARY_KINDS = Object.values<PoisonKind>(POISON_KINDS).filter(
  ({ column, sqlstate }) =>
    !BY_TEXT.test(column) && (!UNREADABLE.includes(sqlstate) || /^(?:mood|numeric)/.test(column)),
);

/** Every kind in a column of one table, and a bad record of each. */
function allKinds(count: number, kinds: readonly PoisonKind[] = Object.values(POISON_KINDS)) {
  const columns = Object.fromEntries(kinds.map((kind, index) => [`n${index}`, kind]));
  const bad = new Map(Object.values(columns).map((kind, index) => [5 * index + (index % 3), kind]));
  return { ddl: ddlOf(columns), bad, lines: poisonedLines(count, columns, bad) };
}

describe("of records with bad ones among them exactly these are rejected", () => {
  const alone = process.env["POISON"] === "all" ? Object.keys(POISON_KINDS) : TOLD_APART;
  const kinds: { readonly [name: string]: PoisonKind } = { ...POISON_KINDS, ...LONELY_KINDS };

  test.each([...alone, ...Object.keys(LONELY_KINDS)])("%s", async (name) => {
    const kind = kinds[name] ?? expect.unreachable();
    // The first and the last record, both sides of a chunk's end, two in a row, and one among good ones.
    const bad = all([0, 19, 20, 33, 34, 47, 59], kind);
    await postgres.server.query(ddlOf({ n: kind }));
    expect(await expectRejected(poisonedLines(60, { n: kind }, bad), bad)).toMatchObject({ retries: 0 });
  });

  test("a row too big among others that fill the server's buffer, which names a later row", async () => {
    const kind = { ...POISON_KINDS["a row too big"], good: () => "fits".repeat(500) };
    const bad = all([99, 100, 250], kind);
    await postgres.server.query(ddlOf({ n: kind }));
    await expectRejected(poisonedLines(300, { n: kind }, bad), bad, { job: { chunk: { records: 300 } } });
  });

  test("all kinds at once", async () => {
    const { ddl, bad, lines } = allKinds(200);
    await postgres.server.query(ddl);
    await expectRejected(lines, bad, { job: { chunk: { records: 70 } } });
  });

  test("all kinds that stand in binary rows, at once", async () => {
    const { ddl, bad, lines } = allKinds(200, BINARY_KINDS);
    await postgres.server.query(ddl);
    const sink = { type: "postgres", url: postgres.server.url(), table: "t", copy: "binary" } as const;
    await expectRejected(lines, bad, { job: { chunk: { records: 70 } }, sinks: { sink } });
  });

  test("all kinds at once in a unit of 64 chunks with a few records each", async () => {
    const { ddl, bad, lines } = allKinds(200);
    await postgres.server.query(ddl);
    await expectRejected(lines, bad, { job: { chunk: { records: 3 }, commit: { interval: "1m" } } });
  });

  test("all kinds at once while the connection breaks again and again", async () => {
    const { ddl, bad, lines } = allKinds(200);
    await postgres.server.query(ddl);
    await using proxy = await Proxy.listen(postgres.server.port);
    let [seen, cuts] = [0, 0];
    // Farther apart each time, so that every step of the search for bad rows is cut at, and it ends.
    proxy.judge = () => {
      if (++seen < 40 + 15 * cuts) return "pass";
      [seen, cuts] = [0, cuts + 1];
      return cuts % 2 === 0 ? "cut-before" : "cut-after";
    };
    const url = postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`);
    const summary = await expectRejected(lines, bad, { url, job: { commit: { bytes: 1 } } });
    expect(summary.retries).toBeGreaterThan(5);
  });
});

describe("where every row is refused", () => {
  const { "an hstore": hstore, "a check": check } = POISON_KINDS;

  test("all are rejected when they are bad data", async () => {
    const bad = all([...Array(60).keys()], check);
    await postgres.server.query(ddlOf({ n: check }));
    await expectRejected(poisonedLines(60, { n: check }, bad), bad);
  });

  test("the run fails and rejects nothing when it may be the table", async () => {
    const bad = all([...Array(60).keys()], hstore);
    await postgres.server.query(ddlOf({ n: hstore }));
    const { summary, rejects } = await loadLines(postgres.server, poisonedLines(60, { n: hstore }, bad));
    expect(summary).toMatchObject({ state: "failed", read: 0, rejected: 0, error: { code: "SINK_REFUSED" } });
    expect(summary.error?.message).toContain("COPY, with every row alike: syntax error in hstore");
    expect(rejects).toEqual([]);
  });

  test.each([
    ["the only one of a run", 1, [0]],
    ["the last ones of a table that has taken others", 62, [60, 61]],
  ])("it is the row when it is %s", async (_name, count, ids) => {
    const bad = all(ids, hstore);
    await postgres.server.query(ddlOf({ n: hstore }));
    await expectRejected(poisonedLines(count, { n: hstore }, bad), bad, { job: { commit: { bytes: 1 } } });
  });
});

describe("of a record with several outputs", () => {
  test.each(["a check", "a foreign key", "a row too big"] as const)(
    "none is written when one is bad: %s",
    async (name) => {
      const kind = POISON_KINDS[name];
      await postgres.server.query(ddlOf({ n: kind }));
      const lines = poisonedLines(30, { n: kind }, all([7, 29], kind));
      const values = JSON.stringify(kind.good(0));
      const transform = `export default ({ id, n }) =>
      id % 2 === 0 ? { id, n } : [0, 1, 2, 3].map((output) => ({ id: 100 * output + id, n: output === 2 ? n : ${values} }));`;
      const { summary, ids, rejects } = await loadLines(postgres.server, lines, { transform });
      expect(summary).toMatchObject({ state: "succeeded", read: 30, written: 28, rejected: 2, balanced: true });
      expect(summary.sinks["sink"]?.emitted).toBe(15 + 13 * 4);
      expect(ids).toHaveLength(15 + 13 * 4);
      expect(ids.filter((id) => Number(id) % 100 === 7 || Number(id) % 100 === 29)).toEqual([]);
      expect(rejects.map(({ line, output, raw }) => [line, output, raw])).toEqual([
        [8, 2, JSON.stringify(lines[7])],
        [30, 2, JSON.stringify(lines[29])],
      ]);
    },
  );
});

describe("several sinks", () => {
  test("a record that one of them refuses is written by the others", async () => {
    const { "a check": check, "a foreign key": foreign } = POISON_KINDS;
    const { server } = postgres;
    await server.query(
      `${ddlOf({ n: check })} ${foreign.before} CREATE TABLE other (id int, n int REFERENCES parents)`,
    );
    await server.query("INSERT INTO parents VALUES (1000)");
    const lines = poisonedLines(60, { n: check }, all([3, 40], check));
    const transform = `export default (record) => (record.id % 20 === 11 ? { ...record, n: 2 } : record);`;
    const sink = { type: "postgres", url: server.url() } as const;
    const sinks = { strict: { ...sink, table: "t" }, related: { ...sink, table: "other" } };
    const { summary, ids, rejects } = await loadLines(server, lines, { transform, sinks });
    expect(summary).toMatchObject({ state: "succeeded", balanced: true });
    expect(summary.sinks).toMatchObject({
      strict: { read: 60, written: 58, rejected: 2 },
      related: { read: 60, written: 57, rejected: 3 },
    });
    expect(ids).toEqual(lines.map(({ id }) => id).filter((id) => id !== 3 && id !== 40));
    const others = await server.query("SELECT id FROM other ORDER BY id");
    expect(others.map(({ id }) => id)).toEqual(lines.map(({ id }) => id).filter((id) => id % 20 !== 11));
    expect(rejects.map(({ line, sink: name }) => [line, name])).toEqual([
      [4, "strict"],
      [12, "related"],
      [32, "related"],
      [41, "strict"],
      [52, "related"],
    ]);
  });
});

describe("a database that does not hold every character", () => {
  test("takes the records that it can hold and keeps the others among the rejects", async () => {
    const { server } = postgres;
    await server.query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
    const database = new Client({ connectionString: server.url({ database: "latin" }) });
    await database.connect();
    onTestFinished(() => database.end());
    await database.query("CREATE TABLE t (id int, n text)");
    const lines = Array.from({ length: 60 }, (_, id) => ({ id, n: id % 20 === 7 ? "日" : "é" }));
    const summary = await runLines(postgres.server, lines, { url: server.url({ database: "latin" }) });
    expect(summary).toMatchObject({ state: "succeeded", written: 57, rejected: 3, balanced: true });
    const { rows } = await database.query("SELECT raw, raw_encoding, message FROM millrace.rejects ORDER BY line");
    expect(rows.map(({ raw, raw_encoding }) => Buffer.from(raw, raw_encoding).toString())).toEqual(
      lines.filter(({ n }) => n === "日").map((line) => JSON.stringify(line)),
    );
    expect(rows[0]?.message).toContain('has no equivalent in encoding "LATIN1" (22P05)');
  });
});

describe("what no row can be blamed for", () => {
  test.each([
    ["a column that the server computes", "n int GENERATED ALWAYS AS (1) STORED", 'has no column "n"'],
    ["a column that is not there", "m int", 'has no column "n"'],
  ])("ends the run before anything is written: %s", async (_name, column, message) => {
    await postgres.server.query(`${ddlOf({})} ALTER TABLE t ADD ${column}`);
    await expect(runLines(postgres.server, [{ id: 1, n: 1 }])).rejects.toMatchObject({
      code: "COLUMN_UNKNOWN",
      message: expect.stringContaining(message),
    });
  });

  test("ends the run with what to do: row-level security", async () => {
    const { server } = postgres;
    await server.query(`${ddlOf({})} ALTER TABLE t ADD n int; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      CREATE POLICY ones ON t USING (n = 1); DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest';
      GRANT USAGE ON SCHEMA public TO guest; GRANT ALL ON t TO guest; GRANT CREATE ON DATABASE postgres TO guest`);
    const url = server.url({ user: "guest", password: "guest" });
    expect(await runLines(postgres.server, [{ id: 1, n: 1 }], { url })).toMatchObject({
      state: "failed",
      rejected: 0,
      error: {
        code: "SINK_REFUSED",
        message: expect.stringContaining(
          "(0A000); the table's kind or its row-level security does not take COPY; mode: insert does without",
        ),
      },
    });
  });

  test("is an identity column, which takes the values it is given", async () => {
    await postgres.server.query(
      `${ddlOf({})} ALTER TABLE t ALTER id SET NOT NULL, ALTER id ADD GENERATED ALWAYS AS IDENTITY`,
    );
    const { summary, ids } = await loadLines(postgres.server, [{ id: 5 }, { id: 7 }]);
    expect(summary).toMatchObject({ state: "succeeded", rejected: 0 });
    expect(ids).toEqual([5, 7]);
  });
});
