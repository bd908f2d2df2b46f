/**
 * Mode replace: a run loads a table of its own, which takes the place of the old one when the run succeeds. Until then
 * the old one stays as it is, also when the run fails for good.
 */
import { hash } from "node:crypto";
import { type Clock, sleep } from "../../../../core/clock.ts";
import { MillraceError } from "../../../../core/errors.ts";
import type { SinkSession } from "../../../../core/ports/sink.ts";
import type { Connection } from "../../../../postgres/connection.ts";
import { serverError } from "../../../../postgres/errors.ts";
import { quoteTable, type TableName } from "../../../../postgres/identifiers.ts";
import { givenUpRuns, giveUpStaleRuns } from "../../../../postgres/runs.ts";
import type { OpeningStep } from "../opening.ts";
import { makeIndexes, type Pair, takePlace } from "./likeness.ts";
import { loadingName } from "./loading-name.ts";
import { createLoadingTable, dropLoadingTable, endOtherSessions, isThere } from "./loading-table.ts";
import { mergeByKey, truncateAndInsert } from "./rewrite.ts";
import { wayOf } from "./way.ts";

/** Whoever asks for the table waits behind this one as long as this one waits: so it does so for a moment only, and again. */
const LOCK_TRIES = 30;
const LOCK_WAIT_MS = 1_000;
const LOCK_PAUSE_MS = 500;
/** What comes behind it waits for nobody that waits for the table. */
const OTHER_LOCKS_MS = 30_000;

/** Runs of the same job that began earlier and have written nothing for this long will not go on. */
const STALE = "1 hour";

const SAME_COLUMNS = `
WITH o AS (SELECT attname, atttypid, atttypmod, attnotnull FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped),
  n AS (SELECT attname, atttypid, atttypmod, attnotnull FROM pg_attribute WHERE attrelid = $2::regclass AND attnum > 0 AND NOT attisdropped)
SELECT NOT EXISTS (TABLE o EXCEPT TABLE n) AND NOT EXISTS (TABLE n EXCEPT TABLE o) AS same`;

/** What a {@link Replacement} is made of. */
export interface ReplacementOptions {
  readonly table: { readonly schema: string; readonly table: string };
  readonly session: SinkSession;
  readonly stateSchema: string;
  readonly clock: Clock;
  readonly label: string;
}

/** One run's replacement of a table. */
export class Replacement implements OpeningStep {
  /** The table that is loaded. */
  readonly loading: TableName;
  readonly #options: ReplacementOptions;

  constructor(options: ReplacementOptions) {
    this.#options = options;
    this.loading = loadingTable(options.table, options.session.run);
  }

  /**
   * Makes the table to be loaded, inside a transaction.
   *
   * @param first false: an earlier process of the run has made it
   * @throws MillraceError SINK_FAILED when it is gone
   */
  async run(connection: Connection, first: boolean): Promise<void> {
    const { table, label, session } = this.#options;
    if (first) {
      await this.#dropGivenUp(connection);
      await createLoadingTable(connection, table, this.loading);
    } else if (!(await isThere(connection, this.loading))) {
      throw new MillraceError(
        "SINK_FAILED",
        `${label}: ${quoteTable(this.loading)}, into which run ${session.run} has loaded its rows, is gone; begin anew with --restart`,
        { fault: "fatal" },
      );
    }
  }

  /** Takes the old table's place, inside the transaction that notes the run's success. Throws what the driver throws. */
  async end(connection: Connection): Promise<void> {
    const { table, session } = this.#options;
    const prefix = `millrace_${hash("sha256", session.run).slice(0, 8)}`;
    const pair = { old: quoteTable(table), loaded: quoteTable(this.loading), prefix };
    await endOtherSessions(connection, this.loading);
    const planned = await this.#way(connection, pair);
    if (planned.kind === "rename") await makeIndexes(connection, pair);
    await this.#lock(connection, pair.old, planned.kind === "merge" ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE");
    // What has come to depend on it meanwhile: once it is locked nothing more does.
    const way = planned.kind === "rename" ? await this.#way(connection, pair) : planned;
    if (way.kind === "rename") await takePlace(connection, pair);
    else if (way.kind === "merge") await mergeByKey(connection, pair, way.oid);
    else await truncateAndInsert(connection, pair);
    if (way.kind !== "rename") await dropLoadingTable(connection, this.loading);
    await this.#dropGivenUp(connection);
  }

  async #way(connection: Connection, { old, loaded }: Pair) {
    const { rows } = await connection.query("SELECT $1::regclass::oid::text AS oid", [old]);
    const oid = String(rows[0]?.["oid"]);
    const way = await wayOf(connection, { oid });
    if (way.kind !== "rename") return { kind: way.kind, oid };
    const same = await connection.query(SAME_COLUMNS, [old, loaded]);
    return { kind: same.rows[0]?.["same"] === true ? ("rename" as const) : ("truncate" as const), oid };
  }

  async #lock(connection: Connection, table: string, mode: string): Promise<void> {
    for (let left = LOCK_TRIES; ; left--) {
      await connection.query(`SAVEPOINT millrace_lock;SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
      try {
        await connection.query(`LOCK TABLE ${table} IN ${mode} MODE;SET LOCAL lock_timeout = ${OTHER_LOCKS_MS}`);
        return;
      } catch (thrown) {
        if (left === 0 || serverError(thrown)?.sqlstate !== "55P03") throw thrown;
        await connection.query("ROLLBACK TO SAVEPOINT millrace_lock");
        await sleep(this.#options.clock, LOCK_PAUSE_MS, this.#options.session.signal);
      }
    }
  }

  /** The tables of runs that nobody goes on with: of those given up, and of those that this one has overtaken. */
  async #dropGivenUp(connection: Connection): Promise<void> {
    const { stateSchema, session, table } = this.#options;
    await giveUpStaleRuns(connection, stateSchema, session, STALE);
    for (const run of await givenUpRuns(connection, stateSchema, session)) {
      await dropLoadingTable(connection, loadingTable(table, run));
    }
  }
}

/** The table that a run loads. */
export function loadingTable({ schema, table }: TableName, run: string): TableName {
  const name = loadingName(table, run);
  return schema === undefined ? { table: name } : { schema, table: name };
}
