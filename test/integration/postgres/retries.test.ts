/** Faults of the server that pass by themselves: tried again, told everywhere, and nothing is lost or doubled. */
import { Client } from "pg";
import { Registry } from "prom-client";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Observer, metrics } from "../../../src/index.ts";
import { logger } from "../../../src/observability/logger.ts";
import { renderSummary } from "../../../src/observability/summary.ts";
import { WriteLock } from "../../support/lock.ts";
import { type Line, loadLines, type LoadChange } from "../../support/poison-load.ts";
import { usePostgres } from "../../support/postgres.ts";

const RECORDS = 60;
const postgres = usePostgres({ settings: { deadlock_timeout: "2s" } });
const lines = Array.from({ length: RECORDS }, (_, id): Line => ({ id, n: 1 }));
const ids = lines.map(({ id }) => id);

beforeEach(async () => {
  await postgres.server.query(
    `DROP SCHEMA IF EXISTS millrace CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;
     CREATE TABLE t (id int, n int CHECK (n < 100))`,
  );
});

/** Loads the lines, and keeps what was told of it: the log's retries, the metric's samples by reason. */
async function loadAndListen(
  change: LoadChange & { readonly lines?: readonly Line[]; readonly observer?: Observer } = {},
) {
  const text: string[] = [];
  const registry = new Registry();
  const log = await logger({ stream: { write: (line: string) => text.push(line) } });
  const observers = [log, await metrics(registry), ...(change.observer ? [change.observer] : [])];
  const loaded = await loadLines(postgres.server, change.lines ?? lines, { ...change, options: { observers } });
  const logged = text.map(
    (line) => JSON.parse(line) as { msg: string; reason?: string; error?: string; sink?: string },
  );
  const counted = await registry.getSingleMetric("millrace_retries_total")?.get();
  return {
    ...loaded,
    logged: logged.filter(({ msg }) => msg === "retrying"),
    counted: Object.fromEntries(counted?.values.map(({ labels, value }) => [labels["reason"], value]) ?? []),
  };
}

/**
 * Raises these one after the other, in the order of the attempts: what a sequence has given out is not rolled back. An
 * attempt without one passes.
 */
async function troubleAt(id: number, when: string, sqlstates: readonly (string | null)[]): Promise<void> {
  const name = `trouble_${id}`;
  await postgres.server.query(`CREATE SEQUENCE ${name};
    CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE sqlstates text[] := '{${sqlstates.map((state) => state ?? "NULL").join(",")}}'; state text;
      BEGIN
        IF new.id = ${id} THEN state := sqlstates[nextval('${name}')]; END IF;
        IF state IS NOT NULL THEN RAISE EXCEPTION 'trouble' USING ERRCODE = state; END IF;
        RETURN new;
      END $$;
    CREATE ${when} FOR EACH ROW EXECUTE FUNCTION ${name}()`);
}

describe("a transient SQLSTATE", () => {
  const early = ["08006", "25006", "40001", "40P01", "53100", "53200", "53300"];
  const late = ["55P03", "57014", "57P01", "57P03", "58030"];

  test("is tried again wherever it comes: in a usual unit, in a careful one, at COMMIT", async () => {
    // The attempt that passes meets the bad row, and the unit becomes careful.
    await troubleAt(10, "TRIGGER a BEFORE INSERT ON t", [...early, null, ...late]);
    // A careful unit has no deferred constraints, so these come before the bad row is met.
    await troubleAt(20, "CONSTRAINT TRIGGER b AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED", ["40001", "40P01"]);
    const bad = lines.map((line) => (line.id === 50 ? { ...line, n: 1000 } : line));
    const job = { chunk: { records: 15 } };
    const { summary, ids: loaded, rejects, logged, counted } = await loadAndListen({ lines: bad, job });

    expect(summary).toMatchObject({
      state: "succeeded",
      read: 60,
      written: 59,
      rejected: 1,
      balanced: true,
      restarts: 0,
    });
    expect(loaded).toEqual(ids.filter((id) => id !== 50));
    expect(rejects.map(({ line, message }) => [line, message])).toEqual([[51, expect.stringContaining("(23514)")]]);

    const reasons = logged.map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining([...early, ...late]));
    expect(logged[0]).toMatchObject({ sink: "sink", error: expect.stringContaining("trouble (08006)") });
    expect(summary.retries).toBe(reasons.length);
    const countOf = (reason: string): number => reasons.filter((one) => one === reason).length;
    expect(counted).toEqual(Object.fromEntries(reasons.map((reason) => [reason, countOf(reason ?? "")])));
    const expected = Object.keys(counted).map((reason) => ({
      ...{ stage: "sink", sink: "sink", reason, count: countOf(reason) },
      example: expect.stringContaining(`trouble (${reason})`),
    }));
    expect(summary.retryReasons).toHaveLength(expected.length);
    expect(summary.retryReasons).toEqual(expect.arrayContaining(expected));
    expect(renderSummary(summary, { color: false, width: 100 })).toContain(
      `retried ${summary.retries} times: sink sink`,
    );
  });

  test("ends the run when it lasts, with what it was; what is committed stays", async () => {
    await troubleAt(
      45,
      "TRIGGER a BEFORE INSERT ON t",
      Array.from({ length: 10_000 }, () => "53100"),
    );
    const job = { retry: { for: "100ms", initialDelay: "5ms", maxDelay: "10ms" }, commit: { bytes: 1 } };
    const { summary, ids: loaded } = await loadAndListen({ job });
    expect(summary).toMatchObject({
      state: "failed",
      error: { code: "RETRIES_EXHAUSTED" },
      written: 40,
      balanced: true,
    });
    expect(summary.error?.message).toMatch(/COPY: trouble \(53100\); the server's disk is full; tried \d+ times/);
    expect(loaded).toEqual(ids.slice(0, 40));
  });
});

test("a fatal SQLSTATE is not tried again", async () => {
  const { server } = postgres;
  await server.query(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader';
    GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON t TO reader; GRANT CREATE ON DATABASE postgres TO reader`);
  const url = server.url({ user: "reader", password: "reader" });
  const { summary, ids: loaded, rejects, logged, counted } = await loadAndListen({ url });
  expect(summary).toMatchObject({ state: "failed", retries: 0, retryReasons: [], error: { code: "SINK_REFUSED" } });
  expect(summary.error?.message).toContain("permission denied for table t (42501); grant the role what it lacks");
  expect([loaded, rejects, logged, counted]).toEqual([[], [], [], {}]);
});

describe("another session", () => {
  async function holder(statement: string): Promise<Client> {
    const client = new Client({ connectionString: postgres.server.url() });
    client.on("error", () => {});
    await client.connect();
    onTestFinished(() => client.end());
    await client.query(statement);
    return client;
  }

  /** As rows come in, they change the account of their number. */
  const touchAccount = (statement: string) =>
    postgres.server.query(`CREATE TABLE accounts (id int PRIMARY KEY); INSERT INTO accounts VALUES (10), (20);
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN new; END $$;
      CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()`);

  test("that makes a deadlock makes the unit begin anew", async () => {
    await touchAccount("UPDATE accounts SET id = id WHERE id = new.id");
    // The job's session is the one that looks for deadlocks, so it is the one that loses.
    const other = await holder("SET deadlock_timeout = '10min'; BEGIN; UPDATE accounts SET id = id WHERE id = 20");
    const running = loadAndListen();
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    await expect.poll(() => postgres.server.query(waiting), { interval: 20, timeout: 30_000 }).toHaveLength(1);
    await other.query("UPDATE accounts SET id = id WHERE id = 10");
    await other.query("COMMIT");
    const { summary, ids: loaded, counted } = await running;
    expect(summary).toMatchObject({ state: "succeeded", written: RECORDS, rejected: 0, retries: 1 });
    expect(counted).toEqual({ "40P01": 1 });
    expect(loaded).toEqual(ids);
  });

  test("that holds a lock is waited for, as long as it takes", async () => {
    await touchAccount("PERFORM FROM accounts WHERE id = new.id FOR UPDATE NOWAIT");
    const other = await holder("BEGIN; SELECT FROM accounts WHERE id = 10 FOR UPDATE");
    let retries = 0;
    const observer: Observer = ({ kind }) => {
      if (kind === "retrying" && ++retries === 3) void other.query("COMMIT");
    };
    const { summary, ids: loaded, counted, logged } = await loadAndListen({ observer });
    expect(summary).toMatchObject({ state: "succeeded", written: RECORDS, rejected: 0 });
    expect(counted).toEqual({ "55P03": summary.retries });
    expect(logged[0]?.error).toContain("could not obtain lock on row in relation");
    expect(loaded).toEqual(ids);
  });

  test("that locks the table is waited for, whatever a statement may take", async () => {
    const lock = await WriteLock.take(postgres.server, "t");
    let released: Promise<void> | undefined;
    const observer: Observer = ({ kind }) => {
      if (kind === "retrying") released ??= lock[Symbol.asyncDispose]();
    };
    const sink = { type: "postgres", url: postgres.server.url(), table: "t", statementTimeout: "100ms" } as const;
    const { summary, ids: loaded, counted } = await loadAndListen({ observer, sinks: { sink } });
    await released;
    expect(summary).toMatchObject({ state: "succeeded", written: RECORDS, rejected: 0 });
    expect(counted).toEqual({ "57014": summary.retries });
    expect(loaded).toEqual(ids);
  });
});
