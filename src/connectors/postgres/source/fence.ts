/**
 * The fence of an incremental read: a cursor value up to which nothing can be added any more.
 *
 * A transaction that takes its cursor value early and commits late would be passed over by whoever only asks for what is
 * behind the last value seen. So the greatest value M that is visible is taken first, then every transaction that was
 * open at that moment is waited for, and only then what is up to M is read: whoever begins later has a later value.
 *
 * Each transaction holds a lock on its virtual id for as long as it lasts, and these locks everybody may see; it is what
 * CREATE INDEX CONCURRENTLY waits for. Prepared transactions have none and are waited for by their names.
 */
import { sleep } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/ports/source.ts";
import type { Connection, Row } from "../../../postgres/connection.ts";
import { quoteIdentifier } from "../../../postgres/identifiers.ts";
import type { Relation } from "./relation.ts";
import type { Server } from "./server.ts";

/** What a fence is built for. */
export interface FenceOptions {
  readonly server: Server;
  readonly relation: Relation;
  readonly cursor: string;
  /** Stay so far behind now instead of waiting; 0: wait. Milliseconds. */
  readonly lagMs: number;
  readonly context: Pick<SourceContext, "clock" | "signal">;
}

/** The moment up to which a server has everything: a standby only what it has replayed. */
const NOW = "(CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE now() END)";

/** Between two looks. */
const LOOK_MS = 200;
/** How long one wait lasts before it is told, and tried again as a source that is away is. */
const MOST_LOOKS = 50;

/** What may still write: sessions in a transaction in this database (all that cannot be told apart), and prepared ones. */
const OPEN = `
SELECT l.virtualtransaction AS id, l.pid::text AS who, s.usename::text AS role,
  extract(epoch FROM clock_timestamp() - s.xact_start)::int AS age
FROM pg_locks l LEFT JOIN pg_stat_activity s ON s.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
  AND (s.datid IS NULL OR s.datid = (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND s.backend_type IS DISTINCT FROM 'autovacuum worker' AND s.backend_type IS DISTINCT FROM 'walsender'
UNION ALL
SELECT 'prepared ' || gid, 'prepared ' || gid, owner::text, extract(epoch FROM clock_timestamp() - prepared)::int
FROM pg_prepared_xacts WHERE database = current_database()`;

/** One fence; a wait that was given up goes on where it was. */
export class Fence {
  readonly #options: FenceOptions;
  #upTo: string | null = null;
  #open: readonly Row[] | null = null;

  constructor(options: FenceOptions) {
    this.#options = options;
  }

  /**
   * The greatest cursor value that may be read, as its text; null where there is none.
   *
   * @throws MillraceError SOURCE_UNAVAILABLE while a transaction lasts; SOURCE_FAILED, ABORTED
   */
  async close(): Promise<string | null> {
    const { server, lagMs, context } = this.#options;
    if (lagMs > 0)
      return server.ask("looking for the cursor", context.signal, (connection) => this.#greatest(connection));
    if (this.#open === null) {
      this.#upTo = await server.ask("looking for the cursor", context.signal, (connection) =>
        this.#greatest(connection),
      );
      this.#open = await this.#openNow();
    }
    if (this.#upTo !== null) await this.#wait();
    return this.#upTo;
  }

  async #wait(): Promise<void> {
    const { clock, signal } = this.#options.context;
    for (let look = 0; (this.#open ?? []).length > 0; look++) {
      if (look === MOST_LOOKS) throw this.#stillOpen();
      await sleep(clock, LOOK_MS, signal);
      const now = await this.#openNow();
      const ids = new Set(now.map(({ id }) => id));
      this.#open = (this.#open ?? []).filter(({ id }) => ids.has(id));
    }
  }

  #openNow(): Promise<readonly Row[]> {
    const { server, context } = this.#options;
    return server.ask("looking for open transactions", context.signal, async (connection) => {
      const { rows } = await connection.query(OPEN);
      return rows;
    });
  }

  async #greatest(connection: Connection): Promise<string | null> {
    const { relation, cursor, lagMs } = this.#options;
    const column = quoteIdentifier(cursor);
    const condition = lagMs > 0 ? `${column} <= ${NOW} - interval '${lagMs} milliseconds'` : `${column} IS NOT NULL`;
    const { rows } = await connection.query(
      `SELECT ${column}::text AS value FROM ${relation.from} WHERE ${condition} ORDER BY ${column} DESC LIMIT 1`,
    );
    const value = rows[0]?.["value"];
    return typeof value === "string" ? value : null;
  }

  #stillOpen(): MillraceError {
    const { server, relation } = this.#options;
    const [first] = this.#open ?? [];
    const role = typeof first?.["role"] === "string" ? ` of ${first["role"]}` : "";
    const age = typeof first?.["age"] === "number" ? `, open for ${first["age"]} s` : "";
    return new MillraceError(
      "SOURCE_UNAVAILABLE",
      `source.incremental: a transaction (pid ${String(first?.["who"])}${role}${age}) in ${server.label} may still add rows to ` +
        `${relation.name} before those that can be read; end it, or set lag if it is known to add none`,
    );
  }
}
