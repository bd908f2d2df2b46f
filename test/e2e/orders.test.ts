/** config/orders.yaml as a user runs it, against sums that this file works out from the CSV by itself. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateOrders } from "../../scripts/generate-orders.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const config = path.resolve(import.meta.dirname, "../../config");
const ROWS = 20_000;
const INPUT = ".cache/demo/orders.csv";

/** One record of the file, as an independent parser sees it. */
interface ParsedOrder {
  readonly record: { readonly [field: string]: string };
  /** With its line end. */
  readonly raw: string;
}

const postgres = usePostgres();
const project = new Project();
afterAll(() => project[Symbol.dispose]());

let environment: { readonly [name: string]: string };
let first: { readonly code: number | null; readonly summary: RunSummary; readonly err: string };
let orders: readonly ParsedOrder[];
beforeAll(async () => {
  await postgres.server.query(readFileSync(path.join(config, "tables.sql"), "utf8"));
  for (const name of ["orders.yaml", "orders.ts"]) {
    project.write(`config/${name}`, readFileSync(path.join(config, name)));
  }
  generateOrders({ rows: ROWS, file: project.path(INPUT) });
  orders = parse(project.read(INPUT), { columns: true, raw: true }) as unknown as ParsedOrder[];
  environment = { DATABASE_URL: postgres.server.url() };
  first = await project.summaryOf(["config/orders.yaml"], environment);
});

const isGood = ({ record }: ParsedOrder): boolean => /^[^@ ]+@[^@ ]+\.[^@ ]+$/.test(record["email"] ?? "");

function cents({ record }: ParsedOrder): bigint {
  return BigInt(record["quantity"] ?? "") * BigInt((record["unit_price"] ?? "").replace(".", ""));
}

describe("config/orders.yaml", () => {
  test("writes every good order and rejects every bad one", () => {
    expect(first.code, first.err).toBe(0);
    const written = orders.filter(isGood).length;
    const rejected = ROWS - written;
    expect(rejected).toBeGreaterThan(100);
    const counts = { read: ROWS, written, filtered: 0, rejected, folded: 0, emitted: written };
    expect(first.summary).toMatchObject({ job: "orders", state: "succeeded", balanced: true, error: null, ...counts });
    expect(first.summary.sinks["sink"]).toMatchObject(counts);
    expect(first.summary.bytesRead).toBe(Buffer.byteLength(project.read(INPUT)) - HEADER_BYTES);
  });

  test("prints an object with every key of the contract", () => {
    const { summary } = first;
    expect(Object.keys(summary)).toEqual(expect.arrayContaining(SUMMARY_KEYS));
    expect(Object.keys(summary.gc)).toEqual(["count", "totalMs", "maxMs"]);
    expect(Object.keys(summary.chunkBytes)).toEqual(["min", "max", "last"]);
    expect(Object.keys(summary.sinks["sink"] ?? {})).toEqual(SINK_KEYS);
    expect(Object.keys(summary.stages)).toEqual(["source", "chunker", "workers", "aggregator", "sink"]);
    for (const times of Object.values(summary.stages)) {
      expect(Object.keys(times)).toEqual(["busyMs", "waitInputMs", "waitOutputMs"]);
    }
    expect(summary.peakRssBytes).toBeGreaterThan(10_000_000);
    expect(summary.chunkBytes.max).toBeGreaterThanOrEqual(summary.chunkBytes.min);
  });

  test("loads the sums, counts and texts of the file", async () => {
    const good = orders.filter(isGood);
    const perCountry = new Map<string, { count: number; cents: bigint }>();
    for (const order of good) {
      const { country = "" } = order.record;
      const { count, cents: sum } = perCountry.get(country) ?? { count: 0, cents: 0n };
      perCountry.set(country, { count: count + 1, cents: sum + cents(order) });
    }
    const sums = await postgres.server.query(
      "select country, count(*)::int as count, (sum(amount) * 100)::bigint::text as cents from orders group by country",
    );
    const loaded = sums.map(
      ({ country, count, cents: sum }) => [country, { count, cents: BigInt(String(sum)) }] as const,
    );
    expect(new Map(loaded)).toEqual(perCountry);

    const rows = await postgres.server.query(
      `select id::text, customer_id::text, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, country,
         category, note, email from orders order by orders.id`,
    );
    const wanted = good.map(({ record }) => {
      const { id, customer_id, created_at, country, category = "", note, email } = record;
      return { id, customer_id, created_at, country, category: category.toUpperCase(), note, email };
    });
    expect(rows).toEqual(wanted);
  });

  test("keeps every reject with its bytes, its line and its position", async () => {
    let [offset, line] = [HEADER_BYTES, 2];
    const wanted = orders.flatMap((order, ordinal) => {
      const place = { ordinal, token: String(offset), line, raw: order.raw.replace(/\n$/, "") };
      offset += Buffer.byteLength(order.raw);
      line += order.raw.split("\n").length - 1;
      return isGood(order) ? [] : [{ ...place, stage: "transform", code: "TRANSFORM_REJECTED", message: "bad e-mail" }];
    });
    const rejects = await postgres.server.query(
      "select ordinal::int, token, line::int, raw, stage, code, message from millrace.rejects order by ordinal",
    );
    expect(rejects).toEqual(wanted);
  });

  test("appends the same orders again in a second run, as check says", async () => {
    const checked = await project.run(["check", "config/orders.yaml"], environment);
    expect(checked.out).toContain("  warning   a second run appends the same files again (incremental: false)\n");
    const { code, summary } = await project.summaryOf(["config/orders.yaml"], environment);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ resumed: false, written: first.summary.written });
    expect(summary.run).not.toBe(first.summary.run);
    const [row] = await postgres.server.query(
      "select count(*)::int as rows, count(distinct id)::int as ids from orders",
    );
    expect(row).toEqual({ rows: 2 * first.summary.written, ids: first.summary.written });
  });
});

const HEADER_BYTES = "id,customer_id,created_at,country,category,quantity,unit_price,currency,note,email\n".length;

const SINK_KEYS = ["read", "written", "filtered", "rejected", "folded", "emitted", "bytes"];

/** CONTRACT "run --json". */
const SUMMARY_KEYS = [
  ...["job", "run", "state", "read", "written", "filtered", "rejected", "folded", "emitted", "balanced", "sinks"],
  ...["resumed", "retries", "restarts", "durationMs", "recordsPerSecond", "bytesRead", "peakRssBytes", "gc"],
  ...["eventLoopP99Ms", "chunkBytes", "stages", "bottleneck", "error"],
];
