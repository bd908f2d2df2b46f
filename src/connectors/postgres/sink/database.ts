/** The database of a sink, for what is asked of it outside of a run's writing. */
import type { SinkContext } from "../../../core/ports/sink.ts";
import { APPLICATION, applicationName } from "../../../postgres/application-name.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { postgresError } from "../../../postgres/errors.ts";
import type { LentConnection } from "../../../postgres/lent-connection.ts";
import { borrowConnection, type PoolAccess } from "../../../postgres/shared-pool.ts";
import { inTransaction } from "../../../postgres/transaction.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { readSsl } from "../ssl.ts";

/** How long a look waits for somebody's lock; then the server counts as away for a moment. */
const LOCK_TIMEOUT_MS = 5_000;

/** Borrows a session for each thing that is asked, and holds none in between. */
export class SinkDatabase {
  /** The sink's pool, under the name of its job. */
  readonly access: PoolAccess;
  readonly #sink: string;
  readonly #signal: AbortSignal | undefined;

  private constructor(access: PoolAccess, { name, signal }: SinkContext) {
    this.access = access;
    this.#sink = name;
    this.#signal = signal;
  }

  /** @throws MillraceError CONFIG_UNREADABLE where a certificate cannot be read */
  static async of({ url, ssl: given, pool: wish }: PostgresSinkOptions, context: SinkContext): Promise<SinkDatabase> {
    const { job, baseDir, shared, clock, heldUp } = context;
    const ssl = await readSsl(given, baseDir);
    const target = { url, ...(ssl !== undefined && { ssl }) };
    const name = job === undefined ? APPLICATION : applicationName(job);
    return new SinkDatabase({ target, side: "sink", wish, name, shared, clock, heldUp }, context);
  }

  /**
   * Asks something in a transaction of its own.
   *
   * @throws MillraceError what `work` throws, and for the rest SINK_UNAVAILABLE, SINK_REFUSED, SINK_FAILED
   */
  ask<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#asking(doing, (connection) =>
      inTransaction(connection, () => work(connection), { lockTimeoutMs: LOCK_TIMEOUT_MS }),
    );
  }

  /** The same for work that has transactions of its own. */
  askInSteps<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#asking(doing, work);
  }

  async #asking<T>(doing: string, work: (connection: LentConnection) => Promise<T>): Promise<T> {
    await using connection = await borrowConnection(this.access, this.#signal);
    try {
      return await work(connection);
    } catch (thrown) {
      throw postgresError(thrown, `sink "${this.#sink}": ${doing} in ${connection.label}`);
    }
  }
}
