/** Rejects at the command line: listed, shown, taken out, run again, wherever they are kept. */
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { usePostgres } from "../support/postgres.ts";
import { type Ended, Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const postgres = usePostgres();

const CSV = 'id,email,quantity\n1,a@b.de,1\n2,anna,2\n3,"c@d\n.de",x\n4,-,4\n5,e@f.de,500\n';
const STRICT = 'export default (o, c) => (o.email.includes("@") ? o : c.reject("bad e-mail"));\n';
/** Takes what STRICT refuses, save for one record. */
const LENIENT = `export default (o, c) =>
  o.email === "-" ? c.reject("none") : { ...o, email: o.email.includes("@") ? o.email : o.email + "@" + c.split + ":" + c.line };
`;

/** A project whose job rejects four of five records: two by its transform, one by a type, and, of a table, one by a check. */
class Shop implements Disposable {
  readonly project = new Project();
  readonly name: string;
  readonly job: string;

  constructor(name: string, change: object = {}) {
    this.name = name;
    this.project.write("orders.csv", CSV);
    this.project.write("orders.mjs", STRICT);
    this.job = this.project.job({
      name,
      source: { type: "file", path: "orders.csv" },
      columns: { quantity: "int" },
      transform: "orders.mjs",
      errors: { maxRejectRate: 1 },
      ...change,
    });
  }

  /** A table that takes no quantity of 100 or more, and the sink into it. */
  static async table(name: string) {
    await postgres.server.query(
      `CREATE TABLE ${name} (id int PRIMARY KEY, email text, quantity int CHECK (quantity < 100))`,
    );
    return { type: "postgres", url: postgres.server.url(), table: name };
  }

  rejects(command: string, ...args: readonly string[]): Promise<Ended> {
    return this.project.run(["rejects", command, this.job, ...args]);
  }

  async replay(...args: readonly string[]): Promise<RunSummary> {
    const ended = await this.rejects("replay", "--json", ...args);
    expect(ended.code, ended.err).toBe(0);
    return JSON.parse(ended.out) as RunSummary;
  }

  async listed(...args: readonly string[]): Promise<readonly string[]> {
    const ended = await this.rejects("list", "--json", ...args);
    expect(ended.code, ended.err).toBe(0);
    const { items } = JSON.parse(ended.out) as {
      items: { line: number; stage: string; code: string; sink?: string; attempts: number }[];
    };
    return items.map(({ line, stage, code, sink, attempts }) =>
      [line, stage, code, sink, attempts].filter((part) => part !== undefined).join(" "),
    );
  }

  async rows(table: string): Promise<readonly string[]> {
    const rows = await postgres.server.query(`SELECT id, email, quantity FROM ${table} ORDER BY id`);
    return rows.map((row) => Object.values(row).join(" "));
  }

  [Symbol.dispose](): void {
    this.project[Symbol.dispose]();
  }
}

test("rejects beside the data: looked at, taken out, and run again after a fix", async () => {
  using shop = new Shop("beside", { sink: await Shop.table("beside") });
  const { summary, err } = await shop.project.summaryOf([shop.job]);
  expect(summary, err).toMatchObject({ read: 5, written: 1, rejected: 4, balanced: true });
  const list = await shop.rejects("list");
  expect(list.out.replace(summary.run, "RUN").replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, "NOW")).toBe(`\
beside   4 rejects of run RUN (NOW, succeeded)   beside postgres beside

  count | stage     | code               | sink | such as
      2 | transform | TRANSFORM_REJECTED |      | bad e-mail
      1 | decode    | VALUE_INVALID      |      | "quantity": expected a whole number from -90071...
      1 | write     | ROW_REFUSED        | sink | new row for relation "beside" violates check co...

  id | where        | code               | message                                  | record
   1 | orders.csv:3 | TRANSFORM_REJECTED | bad e-mail                               | 2,anna,2
   2 | orders.csv:4 | VALUE_INVALID      | "quantity": expected a whole number f... | 3,"c@d\\n.de",x
   3 | orders.csv:6 | TRANSFORM_REJECTED | bad e-mail                               | 4,-,4
   4 | orders.csv:7 | ROW_REFUSED        | new row for relation "beside" violate... | 5,e@f.de,500

next: millrace rejects show beside.json 1 · after a fix: millrace rejects replay beside.json
`);
  expect((await shop.rejects("export", "--format", "raw")).out).toBe(
    `id,email,quantity\n${CSV.split("\n").slice(2).join("\n")}`,
  );
  expect((await shop.rejects("show", "2")).out).toContain(`\
orders.csv:4, record 2, at 38   reject 2
  stage    decode
  code     VALUE_INVALID`);
  expect((await shop.rejects("show", "9")).err).toBe(
    "error: beside has no reject 9; millrace rejects list beside.json lists them\n",
  );

  expect(await shop.replay("--stage", "decode")).toMatchObject({ read: 1, written: 0, rejected: 1, balanced: true });
  shop.project.write("orders.mjs", LENIENT);
  expect(await shop.replay()).toMatchObject({ state: "succeeded", read: 4, written: 1, rejected: 3, balanced: true });
  expect(await shop.listed()).toEqual([
    "4 decode VALUE_INVALID 3",
    "6 transform TRANSFORM_REJECTED 2",
    "7 write ROW_REFUSED sink 2",
  ]);
  await postgres.server.query("ALTER TABLE beside DROP CONSTRAINT beside_quantity_check");
  expect(await shop.replay("--code", "ROW_REFUSED")).toMatchObject({ read: 1, written: 1 });
  expect(await shop.rows("beside")).toEqual(["1 a@b.de 1", "2 anna@orders.csv:3 2", "5 e@f.de 500"]);
  expect(await shop.replay("--code", "ROW_REFUSED")).toMatchObject({ run: null, read: 0 });
  expect(await postgres.server.query("SELECT * FROM millrace.taken")).toEqual([]);
}, 60_000);

test("rejects in a file: what goes through leaves it, the rest stays in its place", async () => {
  using shop = new Shop("filed", { sink: await Shop.table("filed"), rejects: { type: "file", path: "bad.jsonl" } });
  expect((await shop.project.summaryOf([shop.job])).summary).toMatchObject({ written: 1, rejected: 4 });
  const before = shop.project.readLines("bad.jsonl");
  expect(await shop.listed()).toEqual([
    "3 transform TRANSFORM_REJECTED 1",
    "4 decode VALUE_INVALID 1",
    "6 transform TRANSFORM_REJECTED 1",
    "7 write ROW_REFUSED sink 1",
  ]);
  shop.project.write("orders.mjs", LENIENT);
  expect(await shop.replay("--stage", "transform")).toMatchObject({ read: 2, written: 1, rejected: 1, balanced: true });
  const after = shop.project.readLines("bad.jsonl");
  expect(after.map(({ raw, attempts, message }) => [raw, attempts, message])).toEqual([
    [before[1]?.raw, 1, before[1]?.message],
    ["4,-,4", 2, "none"],
    ["5,e@f.de,500", 1, before[3]?.message],
  ]);
  expect(after[1]).toMatchObject({
    run: before[2]?.run,
    scope: before[2]?.scope,
    position: before[2]?.position,
    line: 6,
  });
  expect(await shop.rows("filed")).toEqual(["1 a@b.de 1", "2 anna@orders.csv:3 2"]);
}, 60_000);

describe("rejects in the state store", () => {
  test.each([
    ["one file", "out.csv", () => "out.csv"],
    ["compressed parts", "out-{part}.csv.gz", () => "out-00001.csv.gz"],
  ])(
    "of a sink of %s: the replay adds to what the run has written",
    async (_, path, added) => {
      using shop = new Shop("added", { sink: { type: "file", path } });
      expect((await shop.project.summaryOf([shop.job])).summary).toMatchObject({ written: 2, rejected: 3 });
      shop.project.write("orders.mjs", LENIENT);
      expect(await shop.replay()).toMatchObject({ read: 3, written: 1, rejected: 2, balanced: true });
      expect(await shop.listed()).toEqual(["4 decode VALUE_INVALID 2", "6 transform TRANSFORM_REJECTED 2"]);
      expect(shop.project.exists(added())).toBe(true);
      if (path === "out.csv") {
        expect(shop.project.read("out.csv")).toBe(
          "id,email,quantity\n1,a@b.de,1\n5,e@f.de,500\n2,anna@orders.csv:3,2\n",
        );
      }
      // A run that reads everything again takes the place of all of it.
      expect((await shop.project.summaryOf([shop.job])).summary).toMatchObject({ written: 3, rejected: 2 });
      expect(shop.project.exists(added())).toBe(path === "out.csv");
      expect(await shop.listed()).toHaveLength(2);
      expect(await shop.listed("--run", "all")).toHaveLength(4);
    },
    60_000,
  );
});

test("of several sinks the one that refused a record gets it again, and what none has goes to all", async () => {
  const sinks = { table: await Shop.table("several"), archive: { type: "file", path: "out.csv" } };
  using shop = new Shop("several", { sinks });
  expect((await shop.project.summaryOf([shop.job])).summary.sinks).toMatchObject({
    table: { written: 1, rejected: 4 },
    archive: { written: 2, rejected: 3 },
  });
  expect(await shop.listed()).toEqual([
    "3 transform TRANSFORM_REJECTED 1",
    "4 decode VALUE_INVALID 1",
    "6 transform TRANSFORM_REJECTED 1",
    "7 write ROW_REFUSED table 1",
  ]);
  const { items } = JSON.parse((await shop.rejects("list", "--json")).out) as { items: readonly { id: string }[] };
  expect(items.at(-1)?.id).toMatch(/^table:\d+$/);
  expect((await shop.rejects("show", String(items.at(-1)?.id))).out).toContain("write, by sink table");
  shop.project.write("orders.mjs", LENIENT);
  const { sinks: counts } = await shop.replay();
  expect(counts).toMatchObject({
    table: { read: 4, written: 1, rejected: 3 },
    archive: { read: 3, written: 1, rejected: 2 },
  });
  await postgres.server.query("ALTER TABLE several DROP CONSTRAINT several_quantity_check");
  expect((await shop.replay("--stage", "write")).sinks).toEqual({
    table: expect.objectContaining({ read: 1, written: 1 }),
  });
  expect(await shop.rows("several")).toEqual(["1 a@b.de 1", "2 anna@orders.csv:3 2", "5 e@f.de 500"]);
  expect(shop.project.read("out.csv")).toBe("id,email,quantity\n1,a@b.de,1\n5,e@f.de,500\n2,anna@orders.csv:3,2\n");
  expect(await shop.listed()).toEqual(["4 decode VALUE_INVALID 2", "6 transform TRANSFORM_REJECTED 2"]);
}, 60_000);

test("a replay that was killed goes on although the state store is lost", async () => {
  using shop = new Shop("lost", { sink: await Shop.table("lost"), chunk: { records: 1 }, commit: { bytes: 1 } });
  await shop.project.summaryOf([shop.job]);
  const pause = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.PAUSE_MS ?? 0));";
  shop.project.write("orders.mjs", LENIENT.replace("=>\n", `=> (${pause.slice(0, -1)}, 0) ||\n`));
  const running = shop.project.start(["rejects", "replay", shop.job, "--quiet"], { PAUSE_MS: "300" });
  await until("it takes its rejects", async () => {
    const [row] = await postgres.server.query(
      "SELECT count(*)::int AS n FROM millrace.progress WHERE scope LIKE 'replay:%' AND job = 'lost'",
    );
    return Number(row?.["n"]) > 0 || undefined;
  });
  running.kill("SIGKILL");
  await running.ended;
  shop.project.remove(".millrace");
  expect(await shop.replay()).toMatchObject({ state: "succeeded", resumed: true, read: 4, rejected: 3 });
  expect(await shop.rows("lost")).toEqual(["1 a@b.de 1", "2 anna@orders.csv:3 2"]);
  expect(await postgres.server.query("SELECT * FROM millrace.taken")).toEqual([]);
}, 60_000);

describe("bad input", () => {
  test("a header that is gone is named", async () => {
    using shop = new Shop("gone", { sink: { type: "file", path: "out.jsonl" } });
    await shop.project.summaryOf([shop.job]);
    shop.project.remove("orders.csv");
    const refused = await shop.rejects("replay");
    expect(refused.err).toContain(
      "orders.csv is no longer there, and only its header names the fields of its rejects: bring it back, or name the fields in source.csv.header",
    );
    expect(refused.code).toBe(2);
  });

  test("a line of a rejects file that is none is named by its place", async () => {
    using shop = new Shop("broken", {
      sink: { type: "file", path: "out.jsonl" },
      rejects: { type: "file", path: "bad.jsonl" },
    });
    await shop.project.summaryOf([shop.job]);
    shop.project.write("bad.jsonl", `${shop.project.read("bad.jsonl")}oops\n`);
    const refused = await shop.rejects("list");
    expect(refused.err).toBe(
      "error: bad.jsonl:4: this line is no reject of millrace; take it out, or move the file away (SINK_REFUSED)\n",
    );
    expect(refused.code).toBe(1);
  });

  test("a stage that is none", async () => {
    using shop = new Shop("staged", { sink: { type: "file", path: "out.jsonl" } });
    expect((await shop.rejects("list", "--stage", "read")).err).toBe(
      'error: --stage takes decode, validate, transform, aggregate, write; got "read"\n',
    );
  });
});
