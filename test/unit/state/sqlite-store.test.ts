import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { openDatabase } from "../../../src/state/sqlite/database.ts";
import { toStateError } from "../../../src/state/sqlite/errors.ts";
import { GroupCommit } from "../../../src/state/sqlite/group-commit.ts";
import type { StateRequest } from "../../../src/state/sqlite/messages.ts";
import { migrate } from "../../../src/state/sqlite/migrations.ts";
import { MIGRATIONS } from "../../../src/state/sqlite/schema.ts";
import { serve } from "../../../src/state/sqlite/serve.ts";
import { openSqliteStore } from "../../../src/state/sqlite/store.ts";
import { ThreadLink } from "../../../src/state/sqlite/thread-link.ts";
import { claimOf, rejectOf, step } from "../../conformance/state-store.conformance.ts";

const KEY = { job: "orders", scope: "run-1", sink: "sink" };

let folder = "";
let file = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "millrace-sqlite-"));
  file = path.join(folder, "deep/er/state.db");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = () => openSqliteStore(file, systemClock);
const fails = (promise: Promise<unknown>, code: string, text: string) =>
  expect(promise).rejects.toMatchObject({ code, message: expect.stringContaining(text) });

describe("openSqliteStore()", () => {
  test("makes the folder, and what was committed is there when it is opened again", async () => {
    {
      await using store = await open();
      await store.claim(KEY, [claimOf("a"), claimOf("b")]);
      await store.commit(KEY, [step("a", 1, 0n, 7n)], [rejectOf()]);
    }
    await using again = await open();
    expect(again.label).toBe(`sqlite ${file}`);
    expect(await again.progress(KEY, ["a"])).toMatchObject([{ epoch: 1, position: { ordinal: 7n } }]);
    expect(await again.listRejects({ job: KEY.job, limit: 10 })).toHaveLength(1);
    await again.forget({ job: KEY.job, scope: KEY.scope });
    await again[Symbol.asyncDispose]();
    await using third = await open();
    expect(await third.claim(KEY, [claimOf("a")])).toMatchObject([{ epoch: 2 }]);
  });

  test("gathers 200 concurrent commits into few transactions", async () => {
    await using store = await open();
    const names = Array.from({ length: 200 }, (_, i) => `split-${i}`);
    await store.claim(KEY, names.map(claimOf));
    const before = store.stats();
    await Promise.all(names.map((name) => store.commit(KEY, [step(name, 1, 0n, 1n)], [])));
    const after = store.stats();
    expect(after.requests - before.requests).toBe(200);
    expect(after.transactions - before.transactions).toBeGreaterThan(0);
    expect(after.transactions - before.transactions).toBeLessThan(60);
  });

  test("claims from two stores on one file never share an epoch", async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const claims = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? one : other).claim(KEY, [claimOf("a")]));
    const epochs = (await Promise.all(claims)).map(([progress]) => progress?.epoch ?? 0);
    expect(epochs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await one[Symbol.asyncDispose]();
    expect(await other.progress(KEY)).toMatchObject([{ epoch: 40 }]);
    await other[Symbol.asyncDispose]();
  });

  test("lets one of two stores through where both commit from the same place", async () => {
    await using one = await open();
    await using other = await open();
    await one.claim(KEY, [claimOf("a")]);
    const settled = await Promise.allSettled(
      [one, other].map((store) => store.commit(KEY, [step("a", 1, 0n, 5n)], [])),
    );
    expect(settled.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("keeps no process alive that forgets to dispose it", () => {
    const source = path.resolve(import.meta.dirname, "../../../src");
    const program = `
      import { openStateStore } from ${JSON.stringify(path.join(source, "state/open.ts"))};
      import { systemClock } from ${JSON.stringify(path.join(source, "core/clock.ts"))};
      const store = await openStateStore({ type: "sqlite", path: ${JSON.stringify(file)} }, { clock: systemClock });
      await store.claim(${JSON.stringify(KEY)}, [{ split: "a", origin: { ordinal: 0n, token: "0" } }]);
      console.log("claimed");`;
    const args = ["--input-type=module", "--eval", program];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
    expect({ stdout, status }).toEqual({ stdout: "claimed\n", status: 0 });
  });

  test("refuses a store of a newer version and leaves it alone", async () => {
    openDatabase(file, "x").close();
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await fails(open(), "STATE_TOO_NEW", `${file} has version 99, this millrace knows up to ${MIGRATIONS.length}`);
  });

  test("refuses a file that is no database and does not touch it", async () => {
    mkdirSync(path.dirname(file), { recursive: true });
    const text = "these are not pages of SQLite\n".repeat(500);
    writeFileSync(file, text);
    await fails(open(), "STATE_CORRUPT", "move it away to begin with an empty store");
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("refuses a file of which a part was overwritten", async () => {
    openDatabase(file, "x").close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 100, 4096));
    await fails(open(), "STATE_CORRUPT", "the file is damaged");
  });

  test("refuses the database of another program", async () => {
    mkdirSync(path.dirname(file), { recursive: true });
    const database = new DatabaseSync(file);
    database.exec("CREATE TABLE songs (title TEXT)");
    database.close();
    await fails(open(), "CONFIG_INVALID", "is another program's database");
  });

  test("says so when the place cannot be written", async () => {
    writeFileSync(path.join(folder, "plain"), "");
    file = path.join(folder, "plain/state.db");
    await fails(open(), "STATE_UNAVAILABLE", "check the path and its permissions");
    mkdirSync(path.join(folder, "state.db"));
    file = path.join(folder, "state.db");
    await fails(open(), "STATE_UNAVAILABLE", "must be able to write the file and its folder");
  });
});

describe("migrate()", () => {
  const steps = ["CREATE TABLE one (a TEXT) STRICT", "CREATE TABLE two (a TEXT) STRICT"];

  test("applies only what is missing", () => {
    using database = new DatabaseSync(":memory:");
    migrate(database, "x", steps.slice(0, 1));
    migrate(database, "x", steps);
    migrate(database, "x", steps);
    expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
  });

  test("leaves nothing of a migration that fails", () => {
    using database = new DatabaseSync(":memory:");
    migrate(database, "x", steps.slice(0, 1));
    expect(() => migrate(database, "x", [...steps, "CREATE TABLE two (b TEXT)"])).toThrow("already exists");
    expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(database.isTransaction).toBe(false);
  });
});

/** Overwrites one page of the database behind its back. */
function damagePage(number: number): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const size = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0xff, (number - 1) * size, number * size);
  writeFileSync(file, bytes);
}

describe("GroupCommit", () => {
  const request = (id: number, from: bigint): StateRequest => ({
    id,
    operation: "commit",
    args: [KEY, [step("a", 1, from, from + 1n)], [rejectOf({ message: "x".repeat(3000) })]],
    at: 12.5,
  });
  const claim: StateRequest = { id: 0, operation: "claim", args: [KEY, [claimOf("a")]], at: 0 };

  test("run() fails every request of a transaction that did not become durable, and goes on", () => {
    using database = openDatabase(file, "x");
    const group = new GroupCommit(database, "sqlite x");
    group.run([claim]);
    const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const big = {
      ...request(3, 2n),
      args: [KEY, [], [rejectOf({ split: "big", raw: "x".repeat(100_000) })]],
    } as StateRequest;
    const full = group.run([request(1, 0n), request(2, 1n), big]);
    expect(full.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(full[0]).toMatchObject({
      error: { code: "STATE_UNAVAILABLE", fault: "fatal", message: expect.stringContaining("disk is full") },
    });
    expect(group.transactions).toBe(1);
    database.exec("PRAGMA max_page_count = 100000");
    expect(group.run([request(4, 0n)])).toMatchObject([{ id: 4, ok: true }]);
  });

  test("run() answers a lock of another process as a transient fault", () => {
    using holder = openDatabase(file, "x");
    using database = openDatabase(file, "x", 1);
    const group = new GroupCommit(database, "sqlite x");
    holder.exec("BEGIN IMMEDIATE");
    const [reply] = group.run([claim]);
    expect(reply).toMatchObject({ ok: false, error: { code: "STATE_UNAVAILABLE", fault: "transient" } });
    holder.exec("ROLLBACK");
    expect(group.run([claim])).toMatchObject([{ ok: true }]);
  });

  test("run() reads without a transaction", () => {
    using database = openDatabase(file, "x");
    const group = new GroupCommit(database, "sqlite x");
    expect(group.run([{ id: 1, operation: "findRun", args: ["r"], at: 0 }])).toEqual([
      { id: 1, ok: true, value: undefined },
    ]);
    expect(group.transactions).toBe(0);
  });

  test("run() tells damage of the file to everybody who waits", () => {
    using database = openDatabase(file, "x");
    const group = new GroupCommit(database, "sqlite x");
    group.run([claim]);
    const root = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_runs_1'").get();
    damagePage(Number(root?.["rootpage"]));
    const replies = group.run([{ id: 1, operation: "findRun", args: ["r"], at: 0 }, request(2, 0n)]);
    expect(replies.map((reply) => (reply.ok ? "ok" : reply.error.code))).toEqual(["STATE_CORRUPT", "STATE_CORRUPT"]);
  });
});

describe("toStateError()", () => {
  const sqlite = (errcode: number) => Object.assign(new Error("it failed"), { code: "ERR_SQLITE_ERROR", errcode });

  test.each([
    [5, "STATE_UNAVAILABLE", "transient"],
    [6, "STATE_UNAVAILABLE", "transient"],
    [261, "STATE_UNAVAILABLE", "transient"],
    [8, "STATE_UNAVAILABLE", "fatal"],
    [10, "STATE_UNAVAILABLE", "transient"],
    [11, "STATE_CORRUPT", "fatal"],
    [13, "STATE_UNAVAILABLE", "fatal"],
    [14, "STATE_UNAVAILABLE", "fatal"],
    [26, "STATE_CORRUPT", "fatal"],
    [19, "INVARIANT", "fatal"],
  ])("names result code %i %s, %s", (errcode, code, fault) => {
    expect(toStateError(sqlite(errcode), "sqlite x")).toMatchObject({ code, fault });
  });

  test("names what is no error at all", () => {
    expect(toStateError("odd", "sqlite x")).toMatchObject({
      code: "STATE_UNAVAILABLE",
      message: expect.stringContaining("odd"),
    });
  });
});

describe("ThreadLink", () => {
  test("tells everybody who waits when the thread ends by itself", async () => {
    const { port1, port2 } = new MessageChannel();
    const link = new ThreadLink(port1, "sqlite x", systemClock);
    const waiting = link.call("findRun", ["r"]);
    const cause = new Error("killed");
    link.end(cause);
    await expect(waiting).rejects.toMatchObject({ code: "STATE_UNAVAILABLE", fault: "fatal", cause });
    await fails(link.opened, "STATE_UNAVAILABLE", "the thread of state store sqlite x ended by itself");
    await fails(link.call("findRun", ["r"]), "STATE_UNAVAILABLE", "ended by itself");
    await link.close();
    port2.close();
  });

  test("tells why the database could not be opened", async () => {
    const { port1, port2 } = new MessageChannel();
    const link = new ThreadLink(port2, "sqlite x", systemClock);
    serve(port1, { file: folder, label: "sqlite x" });
    await fails(link.opened, "STATE_UNAVAILABLE", "sqlite x");
    port2.close();
  });
});
