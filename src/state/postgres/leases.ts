/**
 * The table of leases.
 *
 * Several machines ask, and their clocks differ: were each to hold the others' leases against its own, one that runs fast
 * would take over what is alive. So the server's clock alone says when a lease has run out; an asker is told in its own
 * time how long that still is.
 */
import { MillraceError } from "../../core/errors.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import type { Arguments, Outcome } from "../operations.ts";

/** Whose clock tells when a lease runs out; the caller's is for tests of what does not depend on it. */
export type LeaseClock = "server" | "caller";

/** Who holds which (job, scope). */
export class LeaseTable {
  readonly #connection: Connection;
  readonly #table: string;
  readonly #clock: LeaseClock;

  constructor(connection: Connection, schema: string, clock: LeaseClock) {
    this.#connection = connection;
    this.#table = `${quoteIdentifier(schema)}.leases`;
    this.#clock = clock;
  }

  /** The rule is that of `decideLease`, in one statement; a row that is not granted is locked by it nevertheless. */
  async acquire(
    ...[{ job, scope }, owner, { now, ttlMs }, steal = false]: Arguments<"acquireLease">
  ): Promise<Outcome<"acquireLease">> {
    const { id, host, pid, machine, processStart } = owner;
    const at = this.#timeOf(now);
    // Whole milliseconds, as every store can keep them.
    const ttl = Math.ceil(now + ttlMs) - now;
    const { rowCount } = await this.#connection.query(
      `INSERT INTO ${this.#table} AS l (job, scope, owner, host, pid, machine, process_start, until)
       VALUES ($1, $2, $3, $4, $5, $6, $7, ${at} + $8 * interval '1 millisecond')
       ON CONFLICT (job, scope) DO UPDATE
         SET owner = excluded.owner, host = excluded.host, pid = excluded.pid, machine = excluded.machine,
           process_start = excluded.process_start, until = excluded.until
         WHERE $9 OR l.owner = excluded.owner OR l.until <= ${at}`,
      [job, scope, id, host, pid, machine, processStart, ttl, steal],
    );
    if (rowCount === 1) return { granted: true, until: now + ttl };
    return { granted: false, ...(await this.#held(job, scope, at, now)) };
  }

  async release(...[{ job, scope }, ownerId]: Arguments<"releaseLease">): Promise<void> {
    await this.#connection.query(`DELETE FROM ${this.#table} WHERE job = $1 AND scope = $2 AND owner = $3`, [
      job,
      scope,
      ownerId,
    ]);
  }

  async find(...[{ job, scope }, now]: Arguments<"findLease">): Promise<Outcome<"findLease">> {
    return this.#read(job, scope, this.#timeOf(now), now);
  }

  async #held(job: string, scope: string, at: string, now: number): Promise<NonNullable<Outcome<"findLease">>> {
    const found = await this.#read(job, scope, at, now);
    // The row was locked by the attempt to take it.
    if (found === undefined)
      throw new MillraceError("INVARIANT", `job ${job}: a lease went away while it was asked for`);
    return found;
  }

  async #read(job: string, scope: string, at: string, now: number): Promise<Outcome<"findLease">> {
    const { rows } = await this.#connection.query(
      `SELECT owner, host, pid::text AS pid, machine, process_start,
         round(extract(epoch FROM until - ${at}) * 1000)::text AS remaining
       FROM ${this.#table} WHERE job = $1 AND scope = $2`,
      [job, scope],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      owner: {
        id: String(row["owner"]),
        host: String(row["host"]),
        pid: Number(row["pid"]),
        machine: String(row["machine"]),
        processStart: String(row["process_start"]),
      },
      until: now + Number(row["remaining"]),
    };
  }

  #timeOf(now: number): string {
    return this.#clock === "server" ? "clock_timestamp()" : `to_timestamp(${Number(now)} / 1000.0)`;
  }
}
