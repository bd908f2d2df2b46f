/**
 * A job into Postgres and into a file, with a transform that filters, rejects, doubles and routes: killed a few times while
 * both are written, then run to its end. What is where is worked out here a second time.
 */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const ROWS = 30_000;
const STATE = ".millrace/state.db";

const TRANSFORM = `
type Order = { id: number; email: string; amount: number };
export default (order: Order, context: { reject(reason: string): never }) => {
  if (!order.email.includes("@")) context.reject("bad e-mail");
  if (order.id % 10 === 3) return null;
  return order.id % 100 === 7 ? [order, { ...order, amount: -order.amount }] : order;
};
export const route = ({ id, amount }: Order) => {
  if (id % 1000 === 1) return "warehose";
  if (id % 50 === 2) return [];
  return amount % 2 === 0 ? ["warehouse", "archive"] : "warehouse";
};
`;

interface Row {
  readonly id: number;
  readonly email: string;
  readonly amount: number;
}

const source = Array.from(
  { length: ROWS },
  (_, id): Row => ({ id, email: id % 90 === 0 ? "nobody" : `u${id}@example.org`, amount: (id * 7) % 1000 }),
);

/** What has to become of each record. */
const fates = source.map((row) => {
  const { id } = row;
  const outputs = id % 100 === 7 ? [row, { ...row, amount: -row.amount }] : [row];
  const isLost = id % 1000 === 1 || id % 90 === 0;
  const isFiltered = id % 10 === 3 || id % 50 === 2;
  const warehouse = isLost || isFiltered ? [] : outputs;
  return { id, isLost, warehouse, archive: warehouse.filter(({ amount }) => amount % 2 === 0) };
});

/** The ledger of a sink. */
function dueFor(sink: "warehouse" | "archive") {
  const rejected = fates.filter(({ isLost }) => isLost).length;
  const written = fates.filter((fate) => fate[sink].length > 0).length;
  const emitted = fates.reduce((sum, fate) => sum + fate[sink].length, 0);
  return { read: ROWS, written, filtered: ROWS - written - rejected, rejected, folded: 0, emitted };
}

const postgres = usePostgres();
const project = new Project();
afterAll(() => project[Symbol.dispose]());

beforeAll(async () => {
  await postgres.server.query("create table orders (id int, email text, amount int)");
  project.write("orders.csv", `id,email,amount\n${source.map((row) => Object.values(row).join(",")).join("\n")}\n`);
  project.write("orders.ts", TRANSFORM);
});

function jobFile(): string {
  return project.job({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    columns: { id: "int", amount: "int" },
    transform: "./orders.ts",
    sinks: {
      warehouse: { type: "postgres", url: postgres.server.url(), table: "orders" },
      archive: { type: "file", path: "out/orders.jsonl" },
    },
    chunk: { size: "16KiB" },
    commit: { bytes: "64KiB" },
  });
}

async function loaded(): Promise<number> {
  const [row] = await postgres.server.query("select count(*)::int as rows from orders");
  return Number(row?.["rows"]);
}

/** Runs the job until the table has so many rows, then kills it as `kill -9` does; whether it was still at work. */
async function killBehind(rows: number): Promise<boolean> {
  const running = project.start(["run", jobFile(), "--json"]);
  await until(`${rows} rows are loaded`, async () => (running.over || (await loaded()) >= rows ? true : undefined));
  running.kill("SIGKILL");
  return (await running.ended).signal === "SIGKILL";
}

describe("a job into several sinks", () => {
  test("is exact in each after it was killed a few times", async () => {
    for (const rows of [4_000, 12_000]) expect(await killBehind(rows)).toBe(true);
    expect(await loaded()).toBeLessThan(dueFor("warehouse").emitted);

    const { code, err, summary } = await project.summaryOf([jobFile()]);
    expect(code, err).toBe(0);
    expect(summary).toMatchObject({ state: "succeeded", resumed: true, balanced: true, ...dueFor("archive") });
    expect(summary.sinks).toMatchObject({ warehouse: dueFor("warehouse"), archive: dueFor("archive") });

    const table = await postgres.server.query("select id, email, amount from orders order by id, amount desc");
    expect(table).toEqual(fates.flatMap(({ warehouse }) => warehouse));
    expect(project.readLines<Row>("out/orders.jsonl")).toEqual(fates.flatMap(({ archive }) => archive));
  });

  test("keeps what it rejected for all once, in the state store", () => {
    using database = new DatabaseSync(path.join(project.folder, STATE), { readOnly: true });
    const rejects = database.prepare("SELECT ordinal, sink, code FROM rejects ORDER BY CAST(ordinal AS INTEGER)").all();
    const due = fates.filter(({ isLost }) => isLost);
    expect(rejects.map((row) => Number(row["ordinal"]))).toEqual(due.map(({ id }) => id));
    expect(new Set(rejects.map((row) => row["sink"]))).toEqual(new Set([""]));
    const unknown = rejects.filter((row) => row["code"] === "ROUTE_UNKNOWN").length;
    expect(unknown).toBe(fates.filter(({ id }) => id % 1000 === 1 && id % 90 !== 0).length);
  });
});
