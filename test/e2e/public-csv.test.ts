/** config/public.yaml against figures that another program computed; the json beside this file says how. */
import { readFileSync } from "node:fs";
import path from "node:path";
import datasets from "vega-datasets";
import { describe, expect, it } from "vitest";
import { loadJob } from "../../src/config/load.ts";
import { runJob } from "../../src/pipeline/run-job.ts";
import { EmbeddedPostgres } from "../support/embedded-postgres.ts";

const root = path.resolve(import.meta.dirname, "../..");
const expected = JSON.parse(readFileSync(path.join(import.meta.dirname, "public-csv.expected.json"), "utf8")) as {
  readonly edition: string;
  readonly rows: number;
  readonly sums: Readonly<Record<"cost_other" | "cost_repair" | "cost_total" | "speed_knots", number>>;
  readonly rowsWithoutSpeed: number;
  readonly firstFlight: string;
  readonly lastFlight: string;
  readonly rowsOfTexas: number;
};

describe("config/public.yaml", () => {
  it("is held against figures of the edition that is installed", () => {
    expect(datasets.version).toBe(expected.edition);
  });

  it("loads a public CSV to the last row, sum, date and null", async () => {
    await using server = await EmbeddedPostgres.start();
    await server.query(readFileSync(path.join(root, "config/tables.sql"), "utf8"));
    const job = await loadJob(path.join(root, "config/public.yaml"), { environment: { DATABASE_URL: server.url() } });
    const summary = await runJob(job, { state: "memory:" });
    expect(summary).toMatchObject({
      state: "succeeded",
      read: expected.rows,
      written: expected.rows,
      rejected: 0,
      balanced: true,
    });
    const [row] = await server.query(
      `select count(*)::int as rows, sum(cost_other)::int as cost_other, sum(cost_repair)::int as cost_repair,
         sum(cost_total)::int as cost_total, sum(speed_knots)::int as speed_knots,
         count(*) filter (where speed_knots is null)::int as "rowsWithoutSpeed",
         min(flown_on)::text as "firstFlight", max(flown_on)::text as "lastFlight",
         count(*) filter (where origin_state = 'Texas')::int as "rowsOfTexas"
       from birdstrikes`,
    );
    const { rows, sums, rowsWithoutSpeed, firstFlight, lastFlight, rowsOfTexas } = expected;
    expect(row).toEqual({ rows, ...sums, rowsWithoutSpeed, firstFlight, lastFlight, rowsOfTexas });
  });
});
