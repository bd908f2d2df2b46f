/** Pools of connections: how jobs share them, what of a session survives its borrower, and which sessions are lent again. */
import { describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { HeldUp, SharedObjects } from "../../../src/core/ports/shared-objects.ts";
import type { SplitPlan } from "../../../src/core/ports/source.ts";
import { originPosition } from "../../../src/core/position.ts";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import type { TaskSpec } from "../../../src/core/task.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import { openSharedWorld } from "../../../src/pipeline/shared-world.ts";
import type { Connection } from "../../../src/postgres/connection.ts";
import { type PoolAccess, PoolMember } from "../../../src/postgres/shared-pool.ts";
import { ObjectsInCommon } from "../../../src/runtime/shared-objects.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { HereThreads } from "../../../src/testing/here-threads.ts";
import { lend } from "../../../src/spi/conformance/split-content.ts";
import type { QueryRow } from "../../support/embedded-postgres.ts";
import { resolvePostgres } from "../../support/postgres-source.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Proxy } from "../../support/proxy.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

function accessTo(shared: SharedObjects, changes: Partial<PoolAccess> = {}): PoolAccess {
  const target = { url: postgres.server.url() };
  return { target, side: "sink", wish: {}, name: "millrace orders run-1", shared, clock: systemClock, ...changes };
}

async function pidOf(connection: Connection): Promise<unknown> {
  return (await connection.query("SELECT pg_backend_pid() AS pid")).rows[0]?.["pid"];
}

/** Borrows a session for a moment; which one it was. */
async function borrowed(member: PoolMember): Promise<unknown> {
  await using connection = await member.acquire();
  return await pidOf(connection);
}

describe("runs of one process", () => {
  /** A role that the server gives no more connections than these. */
  async function makeRole(role: string, connections: number): Promise<string> {
    await postgres.server.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT ${connections}`);
    await postgres.server.query(`GRANT pg_read_all_data, pg_write_all_data TO ${role}`);
    await postgres.server.query(`GRANT CREATE ON DATABASE postgres TO ${role}`);
    return postgres.server.url({ user: role, password: "secret" });
  }

  test.each([
    { name: "of one range each", jobs: 20, max: 4, splits: 1, apart: 0 },
    { name: "of several ranges, with a session for the snapshot of each", jobs: 6, max: 1, splits: 3, apart: 6 },
  ])("never have more connections of a side than its pool may have: $jobs, $name", async (given) => {
    const { jobs, max, splits, apart } = given;
    const pool = { max };
    const from = { type: "postgres", url: await makeRole(`reader_${max}`, max + apart), pool, splits } as const;
    const into = { type: "postgres", url: await makeRole(`loader_${max}`, max), pool } as const;
    await using world = openSharedWorld({ threads: 2 });
    const threads = new HereThreads(systemClock);
    const shared = { ...world, startThreads: (spec: TaskSpec) => threads.start(spec) };
    const state = openMemoryStore();
    const troubles: RunEvent[] = [];
    const observers = [(event: RunEvent) => void (/^re(?:trying|starting)$/.test(event.kind) && troubles.push(event))];
    const copy = async (index: number): Promise<unknown> => {
      const table = `shared_${max}_${index}`;
      await postgres.server.query(`CREATE TABLE ${table} AS SELECT i AS id FROM generate_series(1, 500) i`);
      await postgres.server.query(`ALTER TABLE ${table} ADD PRIMARY KEY (id); CREATE TABLE ${table}_copy (id int)`);
      const [source, sink] = [{ ...from, table } as const, { ...into, table: `${table}_copy` } as const];
      const order = splits > 1 ? ("none" as const) : ("source" as const);
      const job = defineJob({ name: `copy-${max}-${index}`, source, sink, order, commit: { bytes: "1KiB" } });
      const { state: end, written } = await runJob(job, { state, shared, observers });
      return { end, written };
    };
    const ends = await Promise.all(Array.from({ length: jobs }, (_, index) => copy(index)));
    expect(ends).toEqual(ends.map(() => ({ end: "succeeded", written: 500 })));
    expect(troubles).toEqual([]);
    const none = { lent: 0, waiting: 0, max };
    expect(world.objects.figures.map(({ lent, waiting, max }) => ({ lent, waiting, max }))).toEqual([none, none]);
  });
});

describe("a Postgres source", () => {
  test("says in pg_stat_activity which run reads, and leaves its session to the next one", async () => {
    await postgres.server.query(
      "CREATE TABLE seen AS SELECT i AS id, repeat('x', 500) AS pad FROM generate_series(1, 20000) i",
    );
    await postgres.server.query("ALTER TABLE seen ADD PRIMARY KEY (id)");
    await using objects = new ObjectsInCommon();
    const url = postgres.server.url();
    const sessions = () =>
      postgres.server.query(
        "SELECT pid, application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'millrace%'",
      );
    const seen: (readonly QueryRow[])[] = [];
    for (const run of ["run-1", "run-2"]) {
      await using source = await resolvePostgres({ url, table: "seen" }, {}, objects);
      source.readBy?.(run);
      const [split] = source.splits as [SplitPlan];
      await using reader = await source.open(split, originPosition(split.origin), new AbortController().signal);
      if (reader.kind !== "frames") throw new TypeError("framed");
      await reader.read(4096, lend);
      seen.push(await sessions());
      while ((await reader.read(1024 ** 2, lend)) !== undefined);
    }
    const [{ pid } = {}] = seen[0] ?? [];
    expect(seen).toEqual(["run-1", "run-2"].map((run) => [{ pid, name: `millrace test ${run}` }]));
    expect(await sessions()).toEqual([{ pid, name: "millrace" }]);
  });
});

describe("PoolMember.acquire()", () => {
  test("lends jobs of one database each other's sessions, and none of the other side", async () => {
    await using objects = new ObjectsInCommon();
    await using one = new PoolMember(accessTo(objects));
    await using other = new PoolMember(accessTo(objects, { name: "millrace users run-2" }));
    await using source = new PoolMember(accessTo(objects, { side: "source" }));
    const pid = await borrowed(one);
    expect(await borrowed(other)).toBe(pid);
    expect(await borrowed(source)).not.toBe(pid);
    expect(objects.figures.map(({ name }) => name)).toEqual(
      ["sink", "source"].map((side) => `postgres@127.0.0.1:${postgres.server.port}/postgres ${side}`),
    );
  });

  test("lends as many as the most demanding job wants, as long as it is there", async () => {
    await using objects = new ObjectsInCommon();
    await using small = new PoolMember(accessTo(objects, { wish: { max: 1 } }));
    await using first = await small.acquire();
    expect(small.isExhausted).toBe(true);
    {
      await using _large = new PoolMember(accessTo(objects, { wish: { max: 2 } }));
      expect(small.isExhausted).toBe(false);
      await borrowed(small);
    }
    expect(small.isExhausted).toBe(true);
    expect(first.lost).toBeUndefined();
  });

  test("rolls back what a borrower left open, and nothing it set is left", async () => {
    await using objects = new ObjectsInCommon();
    await using member = new PoolMember(accessTo(objects, { wish: { max: 1 } }));
    await postgres.server.query("CREATE TABLE left_open (id int)");
    let pid: unknown;
    {
      await using connection = await member.acquire();
      await connection.query("BEGIN; SET LOCAL lock_timeout = '7s'; INSERT INTO left_open VALUES (1)");
      pid = await pidOf(connection);
      await connection.query("SELECT 1 / 0").catch(() => {});
    }
    await using connection = await member.acquire();
    expect(await pidOf(connection)).toBe(pid);
    expect(connection.idle).toBe(true);
    const { rows } = await connection.query(
      "SELECT current_setting('lock_timeout') AS lock, (SELECT count(*) FROM left_open)::int AS rows",
    );
    expect(rows).toEqual([{ lock: "0", rows: 0 }]);
  });

  test("lends no session that the server has ended", async () => {
    await using objects = new ObjectsInCommon();
    const member = new PoolMember(accessTo(objects));
    const pid = await borrowed(member);
    await member[Symbol.asyncDispose]();
    await postgres.server.query("SELECT pg_terminate_backend($1)", [pid]);
    await using later = new PoolMember(accessTo(objects));
    const again = await until("another session is lent", async () => {
      const found = await borrowed(later).catch(() => pid);
      return found === pid ? undefined : found;
    });
    expect(again).not.toBe(pid);
  });

  test("lends no session whose server has fallen silent, and does not wait for it for long", async () => {
    await using proxy = await Proxy.listen(postgres.server.port);
    const clock = new FakeClock();
    await using objects = new ObjectsInCommon();
    const target = { url: postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`) };
    await using member = new PoolMember(accessTo(objects, { target, clock }));
    const all = await Promise.all([member.acquire(), member.acquire(), member.acquire()]);
    const pids = await Promise.all(all.map(pidOf));
    for (const connection of all) await connection[Symbol.asyncDispose]();
    proxy.judge = (bytes) => (bytes.includes("SELECT 1\0") ? "silence" : "pass");
    await clock.advance(2_000);
    const asked = borrowed(member);
    await clock.advance(3_000);
    expect(pids).not.toContain(await asked);
  });

  test("lends a session for its lifetime only, and keeps none that nobody wants", async () => {
    const clock = new FakeClock();
    await using objects = new ObjectsInCommon();
    await using member = new PoolMember(
      accessTo(objects, { clock, wish: { maxLifetime: 60_000, idleTimeout: 50_000 } }),
    );
    const [first] = [await borrowed(member)];
    await clock.advance(900);
    expect(await borrowed(member)).toBe(first);
    const held = await member.acquire();
    await clock.advance(60_000);
    await held[Symbol.asyncDispose]();
    const second = await borrowed(member);
    expect(second).not.toBe(first);
    await clock.advance(50_000);
    expect(objects.figures.map(({ lent, waiting }) => [lent, waiting])).toEqual([[0, 0]]);
    expect(await borrowed(member)).not.toBe(second);
  });

  test("tells once who waits for what when it takes long", async () => {
    const clock = new FakeClock();
    const told: HeldUp[] = [];
    await using objects = new ObjectsInCommon();
    const heldUp = (wait: HeldUp): void => void told.push(wait);
    await using member = new PoolMember(accessTo(objects, { clock, wish: { max: 1 }, heldUp }));
    const held = await member.acquire();
    const stop = new AbortController();
    const waiting = [member.acquire(stop.signal), member.acquire(stop.signal)];
    await clock.advance(10_000);
    expect(told).toEqual([
      {
        forMs: 10_000,
        message:
          `millrace orders run-1 waits for a connection of the pool postgres@127.0.0.1:${postgres.server.port}/postgres sink: ` +
          "1 of 1 are lent, and 1 more wait; raise pool.max if the server allows more, or let fewer jobs run at once",
      },
    ]);
    stop.abort();
    await Promise.all(waiting.map((each) => expect(each).rejects.toMatchObject({ code: "ABORTED" })));
    await held[Symbol.asyncDispose]();
  });
});
