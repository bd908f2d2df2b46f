/** A lock that another session holds. */
import { Client } from "pg";
import type { EmbeddedPostgres } from "./embedded-postgres.ts";
import { until } from "./until.ts";

/**
 * Lets everybody look at a table and nobody write into it, until disposed.
 *
 * @example
 * await using lock = await WriteLock.take(server, "orders");
 */
export class WriteLock implements AsyncDisposable {
  readonly #server: EmbeddedPostgres;
  readonly #client: Client;

  private constructor(server: EmbeddedPostgres, client: Client) {
    this.#server = server;
    this.#client = client;
  }

  static async take(server: EmbeddedPostgres, table: string): Promise<WriteLock> {
    const client = new Client({ connectionString: server.url() });
    client.on("error", () => {});
    await client.connect();
    await client.query(`begin; lock table ${table} in share mode`);
    return new WriteLock(server, client);
  }

  /** Resolves as soon as another session waits to write. */
  async met(): Promise<void> {
    // Over a session of its own: inside a transaction the view shows what it showed first.
    await until("somebody waits for the lock", async () => {
      const [row] = await this.#server.query(
        "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return row?.["waiting"] !== 0 || undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}
