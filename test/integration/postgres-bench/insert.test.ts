/** `bench insert` on a real server: what it measures, what it leaves alone, and that nothing of it stays. */
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

/** The object of `--json`. */
interface Report {
  readonly records: number;
  readonly rejected: number;
  readonly rows: number;
  readonly refusedRows: number;
  readonly columns: readonly string[];
  readonly ways: readonly { readonly way: string; readonly rowsPerSecond: number; readonly rows: number }[];
  readonly refused: readonly { readonly way: string; readonly why: string }[];
  readonly recommended: { readonly way: string; readonly set: object } | null;
}

const ALL = ["COPY binary", "COPY text", "VALUES", "pipelined INSERT", "single INSERT", "unnest"];
const QUICK = ["--records", "300", "--iterations", "1"];
const csv = (rows: number): string =>
  `id,name,paid\n${Array.from({ length: rows }, (_, id) => `${id},"name ""${id}""\\",2026-01-0${1 + (id % 9)}\n`).join("")}`;

const postgres = usePostgres();
let project: Project;
beforeEach(async () => {
  project = new Project();
  project.write("in.csv", csv(1_000));
  await postgres.server.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public;
    CREATE TABLE orders (seq serial PRIMARY KEY, id int UNIQUE, name text NOT NULL, paid date)`);
});
afterEach(() => project[Symbol.dispose]());

const job = (sink: object = {}, rest: object = {}): string =>
  project.job({
    source: { type: "file", path: "in.csv" },
    sink: { type: "postgres", url: postgres.server.url(), table: "orders", ...sink },
    ...rest,
  });

async function bench(file: string, ...flags: string[]): Promise<{ code: number | null; err: string; report: Report }> {
  const { code, out, err } = await project.run(["bench", "insert", file, "--json", ...QUICK, ...flags]);
  if (out === "") throw new TypeError(`no report, exit code ${code}: ${err}`);
  return { code, err, report: JSON.parse(out) as Report };
}

/** What stays in the database, and beside the job. */
async function left(): Promise<unknown> {
  const [counts] =
    await postgres.server.query(`SELECT (SELECT count(*)::int FROM orders) AS rows, s.last_value::int AS last, s.is_called AS called,
    (SELECT count(*)::int FROM pg_class WHERE relname LIKE 'millrace%') AS tables,
    (SELECT count(*)::int FROM pg_namespace WHERE nspname = 'millrace') AS schemas FROM orders_seq_seq s`);
  return { ...counts, state: readdirSync(project.folder).includes(".millrace") };
}
const NOTHING = { rows: 0, last: 1, called: false, tables: 0, schemas: 0, state: false };

describe("millrace bench insert", () => {
  test("measures all ways with the first records, recommends one, and leaves no trace", async () => {
    const { code, err, report } = await bench(job());
    expect(code).toBe(0);
    expect(report).toMatchObject({ records: 300, rejected: 0, rows: 300, refusedRows: 0, refused: [] });
    expect(report.columns).toEqual(["id", "name", "paid"]);
    expect(report.ways.map(({ way }) => way).toSorted()).toEqual(ALL);
    expect(report.ways.every(({ rows, rowsPerSecond }) => rows === 300 && rowsPerSecond > 0)).toBe(true);
    expect(ALL).toContain(report.recommended?.way);
    expect(err).toMatch(/after a kill: DROP TABLE IF EXISTS "public"."millrace_bench_\w+"$/m);
    expect(err).not.toContain("millrace@");
    expect(await left()).toEqual(NOTHING);
  });

  test("takes what the transform makes of the records, for the sink that is named", async () => {
    await postgres.server.query("CREATE TABLE others (LIKE orders)");
    project.write(
      "pick.ts",
      `export const route = (row) => (row.id < 10 ? "few" : "many");
export default (row, context) => (row.id === 3 ? context.reject("three") : row.id % 2 === 0 ? null : row);
`,
    );
    const sink = { type: "postgres", url: postgres.server.url(), table: "orders" };
    const several = {
      columns: { id: "int" },
      transform: "./pick.ts",
      sink: undefined,
      sinks: { few: sink, many: { ...sink, table: "others" }, file: { type: "file", path: "x.csv" } },
    };
    const { report } = await bench(job({}, several), "--sink", "few");
    expect(report).toMatchObject({ records: 300, rejected: 1, rows: 4 });
    const unnamed = await project.run(["bench", "insert", "load.json"]);
    expect([unnamed.code, unnamed.err]).toEqual([
      2,
      "error: bench insert: load has several sinks of type postgres; say --sink with one of few, many\n",
    ]);
    expect(await left()).toEqual(NOTHING);
  });

  test("leaves out what the table would refuse, and says how much", async () => {
    project.write(
      "in.csv",
      "id,name,paid\n1,a,2026-01-01\n2,b,no date\n1,c,2026-01-02\n3,,2026-02-30\n4,d,2026-01-01\n",
    );
    expect((await bench(job())).report).toMatchObject({ rows: 2, refusedRows: 3 });
    expect((await bench(job(), "--no-indexes")).report).toMatchObject({ rows: 3, refusedRows: 2 });
    project.write("bad.csv", "id,name\nx,a\ny,b\n");
    const bad = await project.run(["bench", "insert", job({}, { source: { type: "file", path: "bad.csv" } })]);
    expect([bad.code, bad.out]).toEqual([1, ""]);
    expect(bad.err).toContain('invalid input syntax for type integer: "y" (22P02), column "id"');
    expect(await left()).toEqual(NOTHING);
    expect((await bench(job({ mode: "upsert", key: ["id"], deleteWhen: "gone" }))).report).toMatchObject({ rows: 2 });
  });

  test("shows why a way is refused, and recommends one that is left", async () => {
    const { server } = postgres;
    await server.query(`ALTER TABLE orders ADD price money; CREATE ROLE clerk LOGIN PASSWORD 'pw';
      GRANT ALL ON SCHEMA public TO clerk; GRANT ALL ON orders TO clerk`);
    try {
      project.write("in.csv", "id,name,price\n1,a,1.50\n2,b,2.50\n");
      expect((await bench(job())).report.refused).toEqual([
        { way: "COPY binary", why: `column "price" has type money, which goes by text alone` },
      ]);
      await server.query("ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON orders USING (true)");
      const { report } = await bench(job({ url: server.url({ user: "clerk", password: "pw" }) }));
      expect(report.refused.map(({ way }) => way)).toEqual(["COPY text", "COPY binary"]);
      expect(report.refused[0]?.why).toContain("row-level security");
      expect(report.recommended).toMatchObject({ way: "unnest", set: { mode: "insert" } });
    } finally {
      await server.query("DROP OWNED BY clerk; DROP ROLE clerk");
    }
  });

  test("makes the table that the job would make", async () => {
    const { report } = await bench(
      job({ table: "fresh", createTable: true }, { columns: { id: "int", paid: "date" } }),
    );
    expect(report).toMatchObject({ rows: 300, refused: [] });
    expect((await bench(job({ onUnknownField: "addColumn" }, { rename: { paid: "due" } }))).report).toMatchObject({
      rows: 300,
    });
    expect(await left()).toEqual(NOTHING);
  });

  test("names the grants that the role lacks", async () => {
    const { server } = postgres;
    await server.query(
      "CREATE ROLE writer LOGIN PASSWORD 'pw'; GRANT INSERT ON orders TO writer; GRANT USAGE ON SCHEMA public TO writer",
    );
    try {
      const { code, err } = await project.run([
        "bench",
        "insert",
        job({ url: server.url({ user: "writer", password: "pw" }) }),
        ...QUICK,
      ]);
      expect(code).toBe(1);
      expect(err).toContain(
        `an owner can say GRANT CREATE ON SCHEMA "public" TO writer; GRANT SELECT ON "public"."orders" TO writer (SINK_REFUSED)`,
      );
    } finally {
      await server.query("DROP OWNED BY writer; DROP ROLE writer");
    }
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends with its table dropped at %s", async (signal, code) => {
    const started = project.start(["bench", "insert", job(), "--iterations", "1000"]);
    await until("the first load", () => started.err.includes("round 1") || undefined);
    started.kill(signal);
    const ended = await started.ended;
    expect([ended.code, ended.out]).toEqual([code, ""]);
    expect(ended.err).toContain(`${signal}: ending the load under way and dropping the scratch table`);
    expect(await left()).toEqual(NOTHING);
  });

  test("refuses a job that has nothing to measure", async () => {
    const none = await project.run([
      "bench",
      "insert",
      project.job({ source: { type: "file", path: "in.csv" }, sink: { type: "file", path: "out.csv" } }),
    ]);
    expect([none.code, none.err]).toEqual([
      2,
      "error: bench insert: load has no sink of type postgres, and nothing else takes rows by INSERT or COPY\n",
    ]);
    project.write("none.ts", "export default () => null;\n");
    const empty = await project.run(["bench", "insert", job({}, { transform: "./none.ts" }), ...QUICK]);
    expect(empty.code).toBe(2);
    expect(empty.err).toContain(
      'error: bench insert: no row for sink "sink" came of the first 300 records (0 rejected)',
    );
    expect(await left()).toEqual(NOTHING);
  });
});
