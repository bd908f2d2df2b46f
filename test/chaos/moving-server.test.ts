/**
 * A server that crashes, fails over, is locked, full, read-only, slow and far away, all while one run loads into it and
 * into files: the run tells what it meets, waits it out, and ends exact. `KILLS=n` crashes it so often, every few seconds.
 */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import type { RunSummary } from "../../src/core/summary.ts";
import { ChaosLoad } from "../support/chaos-load.ts";
import type { EmbeddedPostgres } from "../support/embedded-postgres.ts";
import { WriteLock } from "../support/lock.ts";
import { usePostgres } from "../support/postgres.ts";
import { StepWatch } from "../support/postgres-steps.ts";
import { type CommandLine, Project } from "../support/project.ts";
import { Proxy } from "../support/proxy.ts";
import { until } from "../support/until.ts";

const CRASHES = Number(process.env["KILLS"] ?? 2);
const CRASH_EVERY_MS = process.env["KILLS"] === undefined ? 300 : 5_000;
/** A record takes a millisecond: the run has to last. */
const ROWS = 30_000 + CRASHES * CRASH_EVERY_MS;

const postgres = usePostgres();

/** Everything that can go wrong with a server at work. */
class Weather {
  readonly #server: EmbeddedPostgres;
  readonly #proxy: Proxy;
  readonly #load: ChaosLoad;
  readonly #running: CommandLine;
  #read = 0;

  constructor(server: EmbeddedPostgres, proxy: Proxy, load: ChaosLoad, running: CommandLine) {
    this.#server = server;
    this.#proxy = proxy;
    this.#load = load;
    this.#running = running;
  }

  async crashes(): Promise<void> {
    for (let crash = 0; crash < CRASHES; crash++) {
      await this.#server.stop("immediate");
      await this.#isTold(/cannot connect to postgres/);
      await this.#server.start();
      await this.#goesOn();
      await wait(CRASH_EVERY_MS);
    }
  }

  /** The one that comes up takes no writes until somebody promotes it. */
  async failsOver(): Promise<void> {
    await this.#server.stop("immediate");
    await this.#server.startAsStandby();
    await this.#isTold(/read-only transaction \(25006\); the server is a standby or read-only; it is tried again/);
    await this.#server.query("select pg_promote()");
    await this.#goesOn();
  }

  async isReadOnly(): Promise<void> {
    await this.#server.query("alter system set default_transaction_read_only = on");
    await this.#server.query("select pg_reload_conf()");
    await this.#isTold(/cannot execute \S.* in a read-only transaction \(25006\)/);
    await this.#server.query("alter system reset default_transaction_read_only");
    await this.#server.query("select pg_reload_conf()");
    await this.#goesOn();
  }

  async isLocked(): Promise<void> {
    {
      await using lock = await WriteLock.take(this.#server, this.#load.name);
      await lock.met();
      await this.#isTold(/canceling statement due to statement timeout \(57014\)/);
    }
    await this.#goesOn();
  }

  async hasNoConnectionLeft(): Promise<void> {
    await this.#server.query("alter role etl connection limit 0");
    await this.#server.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'etl'");
    await this.#isTold(/too many connections for role "etl" \(53300\); the server has no connection left/);
    await this.#server.query("alter role etl connection limit -1");
    await this.#goesOn();
  }

  async isFarAwayAndSlow(): Promise<void> {
    this.#proxy.delayMs = 20;
    this.#proxy.bytesPerSecond = 16 * 1024;
    await this.#goesOn();
    this.#proxy.delayMs = 0;
    this.#proxy.bytesPerSecond = Number.POSITIVE_INFINITY;
  }

  async losesTheReplyToACommit(): Promise<void> {
    const watch = new StepWatch();
    this.#proxy.judge = (bytes) => {
      if (watch.step(bytes) !== "a unit commits") return "pass";
      this.#proxy.judge = () => "pass";
      return "cut-after";
    };
    await this.#isTold(/connection was lost after COMMIT was sent, so it may have taken effect; the stored position/);
    await this.#goesOn();
  }

  /** Waits for a line about a retry among what the log says since it was last looked at. */
  async #isTold(what: RegExp): Promise<void> {
    await until(`the log says ${what.source}`, () => {
      const lines = this.#running.err.slice(this.#read).split("\n");
      return lines.some((line) => what.test(retryOf(line))) || undefined;
    });
    this.#read = this.#running.err.length;
  }

  async #goesOn(): Promise<void> {
    const before = await this.#load.committed();
    await until("the load goes on", async () => {
      if (this.#running.over) throw new TypeError(`it ended: ${this.#running.err}`);
      return (await this.#load.committed()) > before || undefined;
    });
  }
}

/** What a line says that tells of a retry into the table; '' of any other. */
function retryOf(line: string): string {
  if (!line.startsWith("{") || !line.endsWith("}")) return "";
  const { msg, sink, error } = JSON.parse(line) as { msg: string; sink?: string; error?: string };
  return msg === "retrying" && sink === "sink" ? (error ?? "") : "";
}

test("a run outlives all that can happen to its server, tells of it, and ends exact", async () => {
  const { server } = postgres;
  using project = new Project();
  await server.query("create role etl login password 'etl'; grant create on database postgres to etl");
  await using proxy = await Proxy.listen(server.port);
  const url = server.url({ user: "etl", password: "etl" }).replace(`:${server.port}/`, `:${proxy.port}/`);
  const job = { workers: 1, retry: { for: "2m", initialDelay: "20ms", maxDelay: "100ms" } };
  const sink = { pool: { max: 2 }, statementTimeout: "500ms" };
  const load = await ChaosLoad.create(project, server, { into: "both", rows: ROWS, url, job, sink });
  await server.query(`grant insert, select on ${load.name} to etl`);
  const running = await load.caught();
  const weather = new Weather(server, proxy, load, running);
  await weather.isFarAwayAndSlow();
  await weather.losesTheReplyToACommit();
  await weather.hasNoConnectionLeft();
  await weather.isLocked();
  await weather.isReadOnly();
  await weather.crashes();
  await weather.failsOver();
  load.hurry();
  const ended = await running.ended;
  expect(ended.code, ended.err).toBe(0);
  expect(JSON.parse(ended.out) as RunSummary).toMatchObject({ resumed: false, restarts: 0 });
  await load.assertExact();
}, 3_600_000);
