import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Connection } from "../../../src/postgres/connection.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { advanceSplits, claimSplits, readProgress, readSettledProgress } from "../../../src/postgres/progress.ts";
import { insertRejects } from "../../../src/postgres/rejects.ts";
import { ensureStateTables, hasStateTables, stateDdl } from "../../../src/postgres/state-schema.ts";
import { beginTransaction, inTransaction } from "../../../src/postgres/transaction.ts";
import { originPosition } from "../../../src/core/position.ts";
import { advanceOf, progressAfter, rejectOf, usePostgres } from "../../support/postgres.ts";

const postgres = usePostgres();
const key = { job: "orders", scope: "run-1", sink: "sink" };
let connection: Connection;

beforeEach(async () => {
  await postgres.server.query("DROP SCHEMA IF EXISTS millrace CASCADE");
  connection = await connect({ url: postgres.server.url(), applicationName: "test" });
  await ensureStateTables(connection, "millrace");
});
afterEach(() => connection[Symbol.asyncDispose]());

async function claim(...splits: string[]) {
  const claims = splits.map((split) => ({ split, origin: originPosition("0", 1), fingerprint: `of ${split}` }));
  const claimed = await claimSplits(connection, "millrace", key, claims);
  return claimed.toSorted((a, b) => (a.split < b.split ? -1 : 1));
}

function advance(...advances: Parameters<typeof advanceSplits>[3]) {
  return inTransaction(connection, () => advanceSplits(connection, "millrace", key, advances));
}

describe("claimSplits()", () => {
  test("makes rows at their origin, then raises the epoch and leaves the position", async () => {
    const [first] = await claim("a.csv");
    expect(first).toMatchObject({
      split: "a.csv",
      epoch: 1,
      position: { ordinal: 0n, token: "0", line: 1 },
      fingerprint: "of a.csv",
    });
    if (!first) return expect.unreachable();
    const step = advanceOf(first, 10);
    await advance(step);
    expect(await claim("a.csv", "b.csv")).toMatchObject([
      { split: "a.csv", epoch: 2, position: step.to, counts: step.counts },
      { split: "b.csv", epoch: 1, position: { ordinal: 0n } },
    ]);
    expect(await claimSplits(connection, "millrace", key, [])).toEqual([]);
  });

  test("takes 100,000 splits in one statement, and advances them in one", async () => {
    const claimed = await claim(...Array.from({ length: 100_000 }, (_, index) => `file-${index}.csv`));
    expect(claimed).toHaveLength(100_000);
    await advance(...claimed.map((progress) => advanceOf(progress, 1)));
    const [row] = await postgres.server.query(
      "SELECT count(*)::int AS splits FROM millrace.progress WHERE ordinal = 1",
    );
    expect(row).toEqual({ splits: 100_000 });
  });

  test("waits for a commit under way, and then sees it", async () => {
    const [progress] = await claim("a.csv");
    if (!progress) return expect.unreachable();
    await using owner = await connect({ url: postgres.server.url(), applicationName: "owner" });
    await beginTransaction(owner);
    const step = advanceOf(progress, 5);
    await advanceSplits(owner, "millrace", key, [step]);
    const successor = claim("a.csv");
    await expect
      .poll(() => postgres.server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
      .toHaveLength(1);
    await owner.query("COMMIT");
    expect(await successor).toMatchObject([{ epoch: 2, position: { ordinal: 5n } }]);
  });
});

describe("advanceSplits()", () => {
  test("moves every split of a unit and no other", async () => {
    const [a, b, c] = await claim("a", "b", "c");
    const other = { ...key, scope: "run-2" };
    await claimSplits(connection, "millrace", other, [{ split: "a", origin: originPosition("0", 1) }]);
    if (!a || !b || !c) return expect.unreachable();
    const steps = [advanceOf(a, 3), advanceOf(b, 4, 1)] as const;
    await advance(...steps);
    const stored = await readProgress(connection, "millrace", key, ["a", "b", "c", "d"]);
    expect(stored.toSorted((x, y) => (x.split < y.split ? -1 : 1))).toEqual([
      { ...progressAfter(steps[0]), fingerprint: "of a" },
      { ...progressAfter(steps[1]), fingerprint: "of b" },
      c,
    ]);
    expect(await readProgress(connection, "millrace", other, ["a"])).toMatchObject([{ position: { ordinal: 0n } }]);
  });

  test.each([
    ["the epoch has been raised", { epoch: 0 }, "expected epoch 0, ordinal 0"],
    ["the epoch is ahead", { epoch: 2 }, "expected epoch 2, ordinal 0"],
    ["the position is elsewhere", { from: 7n }, "expected epoch 1, ordinal 7"],
    [
      "the split was never claimed",
      { split: "z" },
      `split "z": expected epoch 1, ordinal 0 in millrace.progress, but it is gone`,
    ],
  ])("is fenced and changes nothing when %s", async (_name, change, message) => {
    const [a, b] = await claim("a", "b");
    if (!a || !b) return expect.unreachable();
    const fenced = advance(advanceOf(b, 1), { ...advanceOf(a, 1), ...change });
    await expect(fenced).rejects.toMatchObject({
      code: "FENCED",
      fault: "fatal",
      message: expect.stringContaining(message),
    });
    expect(await readProgress(connection, "millrace", key, ["a", "b"])).toEqual(expect.arrayContaining([a, b]));
  });

  test("is fenced when the same step is made twice", async () => {
    const [a] = await claim("a");
    if (!a) return expect.unreachable();
    await advance(advanceOf(a, 1));
    await expect(advance(advanceOf(a, 1))).rejects.toThrow(
      "but it is at epoch 1, ordinal 1: another process has taken it over",
    );
  });

  test("is read back for all splits of the key when none are named", async () => {
    const [a] = await claim("a", "b");
    if (!a) return expect.unreachable();
    await advance(advanceOf(a, 3));
    for (const read of [readProgress, readSettledProgress]) {
      const rows = await read(connection, "millrace", key);
      expect(rows.map(({ split, position }) => [split, position.ordinal]).toSorted()).toEqual([
        ["a", 3n],
        ["b", 0n],
      ]);
      expect(await read(connection, "millrace", { ...key, scope: "another run" })).toEqual([]);
    }
  });

  test("keeps ordinals beyond 2^53 and a position without a line", async () => {
    const [a] = await claim("a");
    if (!a) return expect.unreachable();
    const to = { ordinal: 2n ** 60n + 1n, token: "x" };
    await advance({ ...advanceOf(a, 1), to });
    expect((await readProgress(connection, "millrace", key, ["a"]))[0]?.position).toEqual(to);
  });
});

describe("insertRejects()", () => {
  test("inserts a reject once, whatever its text holds", async () => {
    const nasty = rejectOf({ message: "NUL \0, half \ud800", sink: "sink", output: 2, stage: "write" });
    await insertRejects(connection, "millrace", [rejectOf(), rejectOf({ run: "again" }), nasty]);
    await insertRejects(connection, "millrace", [rejectOf()]);
    await insertRejects(connection, "millrace", []);
    const rows = await postgres.server.query(
      "SELECT run, sink, output, message, raw_encoding, at FROM millrace.rejects ORDER BY id",
    );
    const at = new Date("2024-05-01T10:00:00.000Z");
    expect(rows).toEqual([
      { run: "run-1", sink: null, output: null, message: "3 fields, wanted 4", raw_encoding: "utf8", at },
      { run: "run-1", sink: "sink", output: 2, message: "NUL \uFFFD, half \uFFFD", raw_encoding: "utf8", at },
    ]);
  });

  test("splits what one statement should not carry", async () => {
    const large = (token: string) => rejectOf({ raw: "x".repeat(5 * 1024 * 1024), position: { ordinal: 1n, token } });
    await insertRejects(connection, "millrace", [large("1"), large("2"), large("3")]);
    expect(await postgres.server.query("SELECT token FROM millrace.rejects ORDER BY 1")).toHaveLength(3);
  });
});

describe("ensureStateTables()", () => {
  test("adds what the tables of an earlier version lack", async () => {
    await ensureStateTables(connection, "earlier");
    await connection.query("ALTER TABLE earlier.runs DROP COLUMN opened_at");
    expect(await hasStateTables(connection, "earlier")).toBe(false);
    await ensureStateTables(connection, "earlier");
    expect(await hasStateTables(connection, "earlier")).toBe(true);
    await connection.query("SELECT opened_at FROM earlier.runs");
  });

  test("may be called by several processes at once, with any name", async () => {
    const name = 'my "state"';
    const connections = await Promise.all(
      Array.from({ length: 5 }, () => connect({ url: postgres.server.url(), applicationName: "test" })),
    );
    await Promise.all(connections.map((each) => ensureStateTables(each, name)));
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));
    expect(await readProgress(connection, name, key, ["a"])).toEqual([]);
  });

  test("tells a role that may not create them what an owner has to run, after which it works", async () => {
    await postgres.server.query("DROP SCHEMA millrace CASCADE; CREATE ROLE loader LOGIN PASSWORD 'loader'");
    await using loader = await connect({
      url: postgres.server.url({ user: "loader", password: "loader" }),
      applicationName: "test",
    });
    await expect(ensureStateTables(loader, "millrace")).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: expect.stringContaining(stateDdl("millrace")),
    });
    await postgres.server.query(stateDdl("millrace"));
    await postgres.server.query(
      "GRANT USAGE ON SCHEMA millrace TO loader; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA millrace TO loader",
    );
    await ensureStateTables(loader, "millrace");
    const claims = [{ split: "a", origin: originPosition("0") }];
    expect(await claimSplits(loader, "millrace", key, claims)).toHaveLength(1);
    await insertRejects(loader, "millrace", [rejectOf()]);
  });
});

test("beginTransaction() does not wait for a lock for ever", async () => {
  await postgres.server.query("CREATE TABLE IF NOT EXISTS locked (id int)");
  await using holder = await connect({ url: postgres.server.url(), applicationName: "holder" });
  await holder.query("BEGIN; LOCK TABLE locked");
  await beginTransaction(connection, { lockTimeoutMs: 50 });
  await expect(connection.query("SELECT * FROM locked")).rejects.toMatchObject({ code: "55P03" });
});
