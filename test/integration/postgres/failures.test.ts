import { beforeEach, describe, expect, test } from "vitest";
import { advanceOf, claimSplit, openWriter, outputOf, progressAfter, usePostgres } from "../../support/postgres.ts";
import { Proxy } from "../../support/proxy.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const postgres = usePostgres();

beforeEach(async () => {
  await postgres.server.query(
    "DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t; CREATE TABLE t (id int)",
  );
});

const countRows = async () => (await postgres.server.query("SELECT count(*)::int AS n FROM t"))[0]?.["n"];
const terminate = () =>
  postgres.server.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace %'",
  );

describe("an ambiguous COMMIT", () => {
  test.each([
    ["took effect", "cut-after", 2],
    ["takes effect when the client is long gone", "cut-late", 2],
    ["never arrived", "cut-before", 0],
  ] as const)("that %s is told by the position", async (_name, verdict, rows) => {
    await using proxy = await Proxy.listen(postgres.server.port);
    const url = postgres.server.url().replace(String(postgres.server.port), String(proxy.port));
    await using writer = await openWriter({ url, table: "t" });
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1], [2]]), ROWS_ORIGIN);
    proxy.judge = (bytes) => (bytes.includes("COMMIT") ? verdict : "pass");
    const advance = advanceOf(progress, 2);
    await expect(unit.commit([advance], [])).rejects.toMatchObject({
      code: "COMMIT_AMBIGUOUS",
      retryable: true,
      message: expect.stringContaining("the stored position will tell"),
    });
    proxy.judge = () => "pass";
    expect(await writer.progress?.(["a.csv"])).toEqual([rows === 0 ? progress : progressAfter(advance)]);
    expect(await countRows()).toBe(rows);
  });

  test("is not what a connection lost before COMMIT is", async () => {
    await using proxy = await Proxy.listen(postgres.server.port);
    const url = postgres.server.url().replace(String(postgres.server.port), String(proxy.port));
    await using writer = await openWriter({ url, table: "t" });
    const progress = await claimSplit(writer);
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    proxy.judge = (bytes) => (bytes.includes("UPDATE") ? "cut-after" : "pass");
    await expect(unit.commit([advanceOf(progress, 1)], [])).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      retryable: true,
    });
    expect(await countRows()).toBe(0);
  });
});

describe("a server that goes away", () => {
  test.each(["fast", "careful"] as const)(
    "in the middle of a %s unit is a transient fault, after which all goes on",
    async (mode) => {
      await using writer = await openWriter({ url: postgres.server.url(), table: "t" });
      const progress = await claimSplit(writer);
      const unit = await writer.begin(mode, ["id"]);
      await unit.write(outputOf([[1]]), ROWS_ORIGIN);
      await postgres.server.stop("immediate");
      const failed = unit.write(outputOf([[2]]), ROWS_ORIGIN).then(() => unit.commit([advanceOf(progress, 2)], []));
      await expect(failed).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
      await unit.rollback();
      await expect(claimSplit(writer)).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
      await postgres.server.start();

      const again = await claimSplit(writer);
      expect(again).toMatchObject({ epoch: 2, position: progress.position });
      const next = await writer.begin(mode, ["id"]);
      await next.write(outputOf([[1], [2]]), ROWS_ORIGIN);
      await next.commit([advanceOf(again, 2)], []);
      expect(await countRows()).toBe(2);
    },
  );

  test.each(["fast", "careful"] as const)("by ending the session of a %s unit is a transient fault", async (mode) => {
    await using writer = await openWriter({ url: postgres.server.url(), table: "t" });
    const progress = await claimSplit(writer);
    const unit = await writer.begin(mode, ["id"]);
    await unit.write(outputOf([[1]]), ROWS_ORIGIN);
    await terminate();
    const block = outputOf(Array.from({ length: 50_000 }, (_, id) => [id]));
    const failed = (async () => {
      for (let i = 0; i < 20; i++) await unit.write(block, ROWS_ORIGIN);
      await unit.commit([advanceOf(progress, 2)], []);
    })();
    await expect(failed).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
    await unit.rollback();
    expect(await countRows()).toBe(0);
    expect(await claimSplit(writer)).toMatchObject({ epoch: 2 });
  });
});

describe("a table that somebody holds locked", () => {
  test("is a transient fault when a statement may not take so long", async () => {
    await using writer = await openWriter({ url: postgres.server.url(), table: "t", statementTimeout: 100 });
    await claimSplit(writer);
    await using _lock = await holdLock();
    const unit = await writer.begin("fast", ["id"]);
    await expect(unit.write(outputOf([[1]]), ROWS_ORIGIN)).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      message: expect.stringContaining("beginning COPY: canceling statement due to statement timeout (57014)"),
    });
    await unit.rollback();
  });

  test("does not keep a unit from being dropped", async () => {
    await using writer = await openWriter({ url: postgres.server.url(), table: "t" });
    await claimSplit(writer);
    await using _lock = await holdLock();
    const unit = await writer.begin("fast", ["id"]);
    const waiting = unit.write(outputOf([[1]]), ROWS_ORIGIN);
    waiting.catch(() => {});
    await expect
      .poll(() => postgres.server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
      .toHaveLength(1);
    await unit.rollback();
    await expect(waiting).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
  });

  async function holdLock(): Promise<AsyncDisposable> {
    const { connect } = await import("../../../src/postgres/connect.ts");
    const holder = await connect({ url: postgres.server.url(), applicationName: "holder" });
    await holder.query("BEGIN; LOCK TABLE t");
    return holder;
  }
});

describe("a zombie", () => {
  test("is fenced as soon as it is taken over, before its successor has committed anything", async () => {
    await using zombie = await openWriter({ url: postgres.server.url(), table: "t" });
    const before = await claimSplit(zombie);
    const unit = await zombie.begin("fast", ["id"]);
    await unit.write(outputOf([[666]]), ROWS_ORIGIN);
    await using successor = await openWriter({ url: postgres.server.url(), table: "t" });
    await claimSplit(successor);
    await expect(unit.commit([advanceOf(before, 1)], [])).rejects.toMatchObject({ code: "FENCED", fault: "fatal" });
    expect(await countRows()).toBe(0);
  });

  test("is fenced, and leaves neither rows nor position behind", async () => {
    await using zombie = await openWriter({ url: postgres.server.url(), table: "t" });
    const before = await claimSplit(zombie);
    const unit = await zombie.begin("fast", ["id"]);
    await unit.write(outputOf([[666]]), ROWS_ORIGIN);

    await using successor = await openWriter({ url: postgres.server.url(), table: "t" });
    const after = await claimSplit(successor);
    const next = await successor.begin("fast", ["id"]);
    await next.write(outputOf([[1]]), ROWS_ORIGIN);
    await next.commit([advanceOf(after, 1)], []);

    await expect(unit.commit([advanceOf(before, 1)], [])).rejects.toMatchObject({ code: "FENCED", fault: "fatal" });
    expect(await postgres.server.query("SELECT id FROM t")).toEqual([{ id: 1 }]);
    expect(await successor.progress?.(["a.csv"])).toEqual([progressAfter(advanceOf(after, 1))]);
  });
});

test("a role that may not make the tables for positions is refused when the writer is opened", async () => {
  await postgres.server.query("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest'");
  const url = postgres.server.url({ user: "guest", password: "guest" });
  await expect(openWriter({ url, table: "t" })).rejects.toMatchObject({
    code: "SINK_REFUSED",
    message: expect.stringContaining('CREATE SCHEMA IF NOT EXISTS "millrace";'),
  });
});

test("COPY into a table that is gone is refused, and so are rows without columns", async () => {
  await using writer = await openWriter({ url: postgres.server.url(), table: "t" });
  await claimSplit(writer);
  await postgres.server.query("DROP TABLE t");
  const unit = await writer.begin("fast", ["id"]);
  await expect(unit.write(outputOf([[1]]), ROWS_ORIGIN)).rejects.toMatchObject({
    code: "SINK_REFUSED",
    fault: "fatal",
    message: 'sink "sink" (postgres t): beginning COPY: relation "public.t" does not exist (42P01)',
  });
  await expect((await writer.begin("fast", null)).write(outputOf([[1]]), ROWS_ORIGIN)).rejects.toMatchObject({
    code: "INVARIANT",
  });
});
