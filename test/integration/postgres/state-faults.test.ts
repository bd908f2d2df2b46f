/** The state store in Postgres, and what goes wrong around it. */
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { openStateStore, parseStateUrl } from "../../../src/state/open.ts";
import { migrate } from "../../../src/state/postgres/migrations.ts";
import { MIGRATIONS, storeDdl } from "../../../src/state/postgres/schema.ts";
import { openPostgresStore } from "../../../src/state/postgres/store.ts";
import { entryOf, spooled } from "../../conformance/spool-store.conformance.ts";
import { claimOf, rejectOf, runOf, step } from "../../conformance/state-store.conformance.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Proxy, type Verdict } from "../../support/proxy.ts";

const KEY = { job: "orders", scope: "run-1", sink: "sink" };
const database = usePostgres();
let made = 0;

/** Waits a hundredth of what it is asked to. */
const hurried: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 100,
  timer: (delayMs, callback) => systemClock.timer(delayMs / 100, callback),
};

const newSchema = (): string => `faults_${++made}`;
const open = (schema = newSchema(), url = database.server.url(), clock = systemClock): Promise<StateStore> =>
  openPostgresStore({ url, schema, clock });
const fails = (promise: Promise<unknown>, code: string, text: string) =>
  expect(promise).rejects.toMatchObject({ code, message: expect.stringContaining(text) });

/** A store behind a proxy. */
async function openBehind(proxy: Proxy, clock = systemClock): Promise<StateStore> {
  const url = database.server.url().replace(`:${database.server.port}/`, `:${proxy.port}/`);
  return open(newSchema(), url, clock);
}

/** The next COMMIT meets this fate, all others pass. */
function nextCommit(proxy: Proxy, fate: Verdict | "reply lost"): void {
  let met = false;
  const isNext = (bytes: Buffer): boolean => !met && bytes.includes("COMMIT\0") && (met = true);
  proxy.judge = (bytes) => (isNext(bytes) && fate !== "reply lost" ? fate : "pass");
  proxy.judgeReply = () => {
    if (!met || fate !== "reply lost") return "pass";
    proxy.judgeReply = () => "pass";
    return "cut-before";
  };
}

describe("openStateStore() with a url of Postgres", () => {
  test("opens the store under its host and database, and what was committed is there when it is opened again", async () => {
    const spec = parseStateUrl(`${database.server.url()}?stateSchema=apart`, "/");
    {
      await using store = await openStateStore(spec, { clock: systemClock });
      expect(store.label).toBe(`postgres 127.0.0.1:${database.server.port}/postgres, schema apart`);
      await store.claim(KEY, [claimOf("a")]);
      await store.commit(KEY, [step("a", 1, 0n, 7n)], [rejectOf()]);
    }
    await using again = await openStateStore(spec, { clock: systemClock });
    expect(await again.progress(KEY)).toMatchObject([{ epoch: 1, position: { ordinal: 7n } }]);
    expect(await again.listRejects({ job: KEY.job, limit: 10 })).toHaveLength(1);
  });

  test("by several processes at once makes the tables once", async () => {
    const schema = newSchema();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(schema)));
    const epochs = await Promise.all(stores.map((store) => store.claim(KEY, [claimOf("a")])));
    expect(epochs.map(([progress]) => progress?.epoch).toSorted()).toEqual([1, 2, 3, 4, 5]);
    for (const store of stores) await store[Symbol.asyncDispose]();
  });

  test("tells no password, whatever is wrong with it", async () => {
    const { port } = database.server;
    const places: readonly (readonly [url: string, code: string, fault: string, says: string])[] = [
      [
        `postgres://postgres:s3cret@127.0.0.1:${port}/postgres`,
        "STATE_UNAVAILABLE",
        "fatal",
        "check user and password",
      ],
      [
        `postgres://postgres:s3cret@127.0.0.1:1/postgres`,
        "STATE_UNAVAILABLE",
        "transient",
        "check that the server runs",
      ],
      [`postgres://postgres:s3cret@127.0.0.1:port/postgres`, "CONFIG_INVALID", "usage", "not a Postgres url"],
    ];
    for (const [url, code, fault, says] of places) {
      const error: unknown = await open(newSchema(), url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, fault, message: expect.stringContaining("state store") });
      expect(String(error)).toContain(says);
      expect(`${String(error)}${JSON.stringify(error)}`).not.toContain("s3cret");
    }
  });

  test("refuses a store of a newer version and leaves it alone", async () => {
    const schema = newSchema();
    await (await open(schema))[Symbol.asyncDispose]();
    await database.server.query(`UPDATE ${schema}.version SET version = 99`);
    await fails(open(schema), "STATE_TOO_NEW", `has version 99, this millrace knows up to ${MIGRATIONS.length}`);
    expect(await database.server.query(`SELECT version FROM ${schema}.version`)).toEqual([{ version: 99 }]);
  });

  test("refuses a schema that holds something else", async () => {
    const schema = newSchema();
    await database.server.query(`CREATE SCHEMA ${schema} CREATE TABLE progress () CREATE TABLE songs ()`);
    await fails(
      open(schema),
      "CONFIG_INVALID",
      `"${schema}" holds tables that are not a state store's (progress, songs)`,
    );
  });

  test("hands a role that may not make tables what an owner has to run", async () => {
    const schema = newSchema();
    await database.server.query("CREATE ROLE guest LOGIN PASSWORD 'guest'");
    const url = database.server.url({ user: "guest", password: "guest" });
    await fails(open(schema, url), "STATE_UNAVAILABLE", storeDdl(schema));
    await database.server.query(storeDdl(schema));
    await database.server.query(`GRANT USAGE ON SCHEMA ${schema} TO guest`);
    await database.server.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO guest`);
    await using store = await open(schema, url);
    expect(await store.claim(KEY, [claimOf("a")])).toMatchObject([{ epoch: 1 }]);
  });
});

describe("migrate()", () => {
  test("applies only what is missing, and leaves nothing of steps that fail", async () => {
    const place = { schema: newSchema(), label: "x" };
    await using connection = await connect({ url: database.server.url(), applicationName: "test" });
    const more = (schema: string): string => `CREATE TABLE ${schema}.more (a int);`;
    await migrate(connection, place);
    await expect(migrate(connection, place, [...MIGRATIONS, more, more])).rejects.toThrow("already exists");
    const { rows } = await connection.query(
      `SELECT version, to_regclass('${place.schema}.more') AS more FROM ${place.schema}.version`,
    );
    expect(rows).toEqual([{ version: MIGRATIONS.length, more: null }]);
    await migrate(connection, place, [...MIGRATIONS, more]);
    await fails(migrate(connection, place), "STATE_TOO_NEW", `has version ${MIGRATIONS.length + 1}`);
  });
});

describe("a connection that breaks", () => {
  test.each(["cut-before", "cut-after", "cut-late", "reply lost"] as const)(
    "at COMMIT (%s) changes nothing about what is done once",
    async (fate) => {
      await using proxy = await Proxy.listen(database.server.port);
      await using store = await openBehind(proxy);
      nextCommit(proxy, fate);
      await store.createRun(runOf("run-1"));
      await store.claim(KEY, [claimOf("a"), claimOf("b")]);
      nextCommit(proxy, fate);
      const words = [{ name: "part", word: "1" }];
      await store.commit(KEY, [step("a", 1, 0n, 5n), step("b", 1, 0n, 2n)], [rejectOf()], words);
      await store.commit(KEY, [step("a", 1, 5n, 6n)], []);
      expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 6n } }, { position: { ordinal: 2n } }]);
      expect(await store.words(KEY)).toEqual(words);
      expect(await store.listRejects({ job: KEY.job, limit: 10 })).toHaveLength(1);
      await fails(store.createRun(runOf("run-1")), "INVARIANT", "run run-1 is stored already");
    },
  );

  test.each(["cut-before", "cut-after", "cut-late", "reply lost"] as const)(
    "at COMMIT (%s) plans, takes and ends a slot once, and says so",
    async (fate) => {
      await using proxy = await Proxy.listen(database.server.port);
      await using store = await openBehind(proxy);
      const slot = { slot: "2026-11-22T12:00:00Z", at: 1, state: "due", trigger: "cron", reason: null } as const;
      const mine = { job: KEY.job, slot: slot.slot };
      nextCommit(proxy, fate);
      expect(await store.planSlots(KEY.job, null, { fingerprint: "f", cursor: "1" }, [slot], 2)).toBe(true);
      nextCommit(proxy, fate);
      expect(await store.takeSlot({ ...mine, attempt: 0, alone: true })).toBe(true);
      const taken = { ...mine, attempt: 1, state: "started" };
      expect(await store.listSlots({ limit: 9 })).toMatchObject([taken]);
      nextCommit(proxy, fate);
      const end = { state: "succeeded", reason: null, run: "run-1", now: 3 } as const;
      expect(await store.endSlot({ ...mine, attempt: 1, ...end })).toBe(true);
      expect(await store.endSlot({ ...mine, attempt: 1, ...end })).toBe(false);
    },
  );

  test.each(["cut-before", "cut-after", "cut-late", "reply lost"] as const)(
    "at COMMIT (%s) adds to a spool once, also where another reads and trims it meanwhile",
    async (fate) => {
      await using proxy = await Proxy.listen(database.server.port);
      await using store = await openBehind(proxy);
      const limits = { bytes: 4, entries: 3 };
      nextCommit(proxy, fate);
      const entries = [entryOf("a"), entryOf("b", "k"), entryOf("c", "k")];
      expect(await store.addToSpool(KEY.job, entries, limits)).toEqual(["added", "added", "known"]);
      expect(await spooled(store, KEY.job)).toHaveLength(2);
      nextCommit(proxy, fate);
      expect(await store.addToSpool(KEY.job, [entryOf("d"), entryOf("e")], limits)).toEqual(["added", "full"]);
      nextCommit(proxy, fate);
      await store.trimSpool(KEY.job, (await spooled(store, KEY.job))[0]?.id ?? 0n, 0);
      expect(await store.spoolSize(KEY.job)).toMatchObject({ bytes: 2, entries: 2 });
    },
  );

  test("at COMMIT does not hide that somebody else has taken the slot", async () => {
    await using proxy = await Proxy.listen(database.server.port);
    const schema = newSchema();
    const url = database.server.url().replace(`:${database.server.port}/`, `:${proxy.port}/`);
    await using store = await open(schema, url);
    await using other = await open(schema);
    const slot = { slot: "2026-11-22T12:00:00Z", at: 1, state: "due", trigger: "cron", reason: null } as const;
    await store.addSlots(KEY.job, [slot], 2);
    const taking = { job: KEY.job, slot: slot.slot, attempt: 0, alone: true };
    nextCommit(proxy, "cut-before");
    expect(await other.takeSlot(taking)).toBe(true);
    expect(await store.takeSlot(taking)).toBe(false);
    expect(await store.listSlots({ limit: 9 })).toMatchObject([{ state: "started", attempt: 1 }]);
  });

  test("at COMMIT does not hide that somebody else has taken over", async () => {
    await using proxy = await Proxy.listen(database.server.port);
    const schema = newSchema();
    const url = database.server.url().replace(`:${database.server.port}/`, `:${proxy.port}/`);
    await using store = await open(schema, url);
    await using other = await open(schema);
    await store.claim(KEY, [claimOf("a")]);
    nextCommit(proxy, "cut-before");
    await other.claim(KEY, [claimOf("a")]);
    await fails(store.commit(KEY, [step("a", 1, 0n, 5n)], []), "FENCED", "expected epoch 1, ordinal 0, but epoch 2");
    expect(await other.progress(KEY)).toMatchObject([{ epoch: 2, position: { ordinal: 0n } }]);
  });

  test("because the server ends it is opened again", async () => {
    await using store = await open();
    await store.claim(KEY, [claimOf("a")]);
    await database.server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace state'",
    );
    await store.commit(KEY, [step("a", 1, 0n, 5n)], []);
    expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 5n } }]);
  });

  test("for longer is told as a fault that may pass, and nothing is lost", async () => {
    await using proxy = await Proxy.listen(database.server.port);
    await using store = await openBehind(proxy, hurried);
    await store.claim(KEY, [claimOf("a")]);
    proxy.judge = () => "cut-before";
    const away = { code: "STATE_UNAVAILABLE", fault: "transient", message: expect.stringContaining("state store") };
    await expect(store.commit(KEY, [step("a", 1, 0n, 5n)], [])).rejects.toMatchObject(away);
    proxy.judge = (bytes) => (bytes.includes("COMMIT\0") ? "cut-before" : "pass");
    await expect(store.commit(KEY, [step("a", 1, 0n, 5n)], [])).rejects.toMatchObject({ code: "COMMIT_AMBIGUOUS" });
    proxy.judge = () => "pass";
    expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 0n } }]);
    await store.commit(KEY, [step("a", 1, 0n, 5n)], []);
  });
});

describe("the server", () => {
  test("may have few connections left", async () => {
    await database.server.query("CREATE ROLE few LOGIN SUPERUSER PASSWORD 'few'");
    await database.server.query(
      "ALTER ROLE few NOSUPERUSER CONNECTION LIMIT 1; GRANT CREATE ON DATABASE postgres TO few",
    );
    await using store = await open(newSchema(), database.server.url({ user: "few", password: "few" }));
    const names = Array.from({ length: 12 }, (_, i) => `split-${i}`);
    await store.claim(KEY, names.map(claimOf));
    await Promise.all(names.map((name) => store.commit(KEY, [step(name, 1, 0n, 1n)], [])));
    const moved = (await store.progress(KEY)).filter(({ position }) => position.ordinal === 1n);
    expect(moved).toHaveLength(12);
  });

  test("never sees more than four sessions of a store", async () => {
    await using store = await open();
    const claims = Array.from({ length: 60 }, (_, i) => store.claim({ ...KEY, scope: String(i) }, [claimOf("a")]));
    const [row] = await database.server.query(
      "SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE application_name = 'millrace state'",
    );
    await Promise.all(claims);
    expect(row?.["sessions"]).toBeLessThanOrEqual(4);
  });

  test("tells when a lease has run out, whatever the clocks of its askers say", async () => {
    await using store = await open();
    const [here, there] = [ownerOf("here"), ownerOf("there")];
    const now = Date.now();
    const anHour = 3_600_000;
    const lease = { job: KEY.job, scope: KEY.scope };
    await store.acquireLease(lease, here, { now: now - anHour, ttlMs: 30_000 });
    const refused = await store.acquireLease(lease, there, { now: now + anHour, ttlMs: 1 });
    expect(refused).toMatchObject({ granted: false, owner: here });
    const remaining = refused.until - (now + anHour);
    expect(remaining).toBeGreaterThan(20_000);
    expect(remaining).toBeLessThanOrEqual(30_000);
    await store.acquireLease(lease, here, { now, ttlMs: 0 });
    expect(await store.acquireLease(lease, there, { now: now - anHour, ttlMs: 1 })).toMatchObject({ granted: true });
  });

  test("is asked for durable commits where the database is set up without", async () => {
    await database.server.query("CREATE DATABASE lazy");
    await database.server.query("ALTER DATABASE lazy SET synchronous_commit = off");
    const url = database.server.url({ database: "lazy" });
    await using connection = await connect({ url, applicationName: "test" });
    await using store = await open("state", url);
    await connection.query(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN new.trigger := current_setting('synchronous_commit'); RETURN new; END $$;
      CREATE TRIGGER note BEFORE INSERT ON state.runs FOR EACH ROW EXECUTE FUNCTION note()`);
    await store.createRun(runOf("run-1"));
    expect(await store.findRun("run-1")).toMatchObject({ trigger: "on" });
  });

  test("without a table is called damaged", async () => {
    const schema = newSchema();
    await using store = await open(schema);
    await database.server.query(`DROP TABLE ${schema}.words`);
    await fails(store.words(KEY), "STATE_CORRUPT", `relation "${schema}.words" does not exist`);
    await store.claim(KEY, [claimOf("a")]);
  });
});

function ownerOf(id: string) {
  return { id, host: id, pid: 4711, machine: id, processStart: "99" };
}
