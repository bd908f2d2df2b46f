/** A Postgres that refuses, is not there, or goes away while rows load. */
import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../../src/core/summary.ts";
import { Load } from "../../support/load.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();

const QUICK_RETRY = { initialDelay: "20ms", maxDelay: "100ms" };

interface Case {
  readonly input?: string;
  readonly sink: () => { readonly [key: string]: unknown };
  readonly code: number;
  readonly message: string | RegExp;
}

const refused: { readonly [what: string]: Case } = {
  "an unknown table": {
    sink: () => ({ table: "itms" }),
    code: 2,
    message:
      /^error: postgres postgres@127\.0\.0\.1:\d+\/postgres has no table "itms"; did you mean "items"\? \(TABLE_UNKNOWN\)\n$/,
  },
  "an unknown column in the sink's columns": {
    sink: () => ({ columns: ["id", "nmae"] }),
    code: 2,
    message: 'error: sink "sink": table "items" has no column "nmae"; did you mean "name"? (COLUMN_UNKNOWN)\n',
  },
  "a field for which there is no column": {
    input: "id,nmae\n1,a\n",
    sink: () => ({}),
    code: 2,
    message:
      'error: postgres items has no column "nmae"; it has id, name (nearest: name). Name the columns to write in sink.columns, or let the transform leave the others out (COLUMN_UNKNOWN)\n',
  },
  "a wrong password": {
    sink: () => ({ url: postgres.server.url({ password: "hunter2" }) }),
    code: 1,
    message:
      /^error: cannot connect to postgres postgres@127\.0\.0\.1:\d+\/postgres: password authentication failed for user "postgres" \(28P01\); check user and password in the url, and the server's pg_hba\.conf \(SINK_REFUSED\)\n$/,
  },
  "an unknown database": {
    sink: () => ({ url: postgres.server.url({ database: "shop" }) }),
    code: 1,
    message: /: database "shop" does not exist \(3D000\); create the database, or correct the url \(SINK_REFUSED\)\n$/,
  },
  "a server that is not there": {
    sink: () => ({ url: "postgres://etl:hunter2@127.0.0.1:1/shop" }),
    code: 1,
    message:
      /^error: cannot connect to postgres etl@127\.0\.0\.1:1\/shop: connect ECONNREFUSED 127\.0\.0\.1:1; check that the server runs and that host and port are right; tried \d+ times in \d+ s \(retry\.for\)\. What is committed stays: run it again and it goes on \(RETRIES_EXHAUSTED\)\n$/,
  },
};

describe("nothing is loaded and the message says what to do about", () => {
  test.each(Object.entries(refused))("%s", async (what, { input = "id,name\n1,a\n", sink, code, message }) => {
    using project = new Project();
    const { server } = postgres;
    await server.query("create table if not exists items (id int, name text)");
    project.write("in.csv", input);
    const job = project.job({
      name: what.replaceAll(/\W+/g, "-"),
      source: { type: "file", path: "in.csv" },
      sink: { type: "postgres", url: server.url(), table: "items", ...sink() },
      retry: { for: "100ms", ...QUICK_RETRY },
    });
    const ended = await project.run(["run", job, "--quiet"]);
    if (typeof message === "string") expect(ended.err).toBe(message);
    else expect(ended.err).toMatch(message);
    expect(ended).toMatchObject({ code, out: "" });
    expect(ended.err).not.toContain("hunter2");
    expect(await server.query("select * from items")).toEqual([]);
  });
});

test("a server that crashes while rows load and stays away: the run fails with what to do, and the next one goes on", async () => {
  using project = new Project();
  const { server } = postgres;
  const job = { retry: { for: "500ms", ...QUICK_RETRY } };
  const load = await Load.create(project, server, { name: "gone", rows: 2_000, job });
  const running = await load.caught();
  await server.stop("immediate");
  const ended = await running.ended;
  expect(ended.code, ended.err).toBe(1);
  const failed = JSON.parse(ended.out) as RunSummary;
  expect(failed).toMatchObject({ state: "failed", balanced: true, error: { code: "RETRIES_EXHAUSTED" } });
  expect(failed.error?.message).toMatch(
    /tried \d+ times in \d+ s \(retry\.for\)\. What is committed stays: run it again and it goes on$/,
  );
  await server.start();
  expect(await load.committed()).toBeGreaterThan(0);
  const again = await load.run();
  expect(again.code, again.err).toBe(0);
  const { ledger } = load.expected;
  expect(JSON.parse(again.out)).toMatchObject({ run: failed.run, state: "succeeded", resumed: true, ...ledger });
  expect(await load.loaded()).toEqual(load.expected);
});
