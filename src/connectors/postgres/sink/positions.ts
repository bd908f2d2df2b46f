/** The positions in a sink's own database, for looking at them and setting them back. Does not need the table. */
import { MillraceError } from "../../../core/errors.ts";
import type { KeptPosition, PositionDesk } from "../../../core/ports/position-desk.ts";
import type { Advance, SinkContext } from "../../../core/ports/sink.ts";
import type { ProgressKey } from "../../../core/position.ts";
import { connect } from "../../../postgres/connect.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { postgresError } from "../../../postgres/errors.ts";
import { forgetScope, listPositions, rewindSplits } from "../../../postgres/progress.ts";
import { hasProgress } from "../../../postgres/state-schema.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { readSsl } from "../ssl.ts";

/** @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED, CONFIG_INVALID */
export async function openDesk(options: PostgresSinkOptions, context: SinkContext): Promise<PositionDesk> {
  const { url, stateSchema } = options;
  const ssl = await readSsl(options.ssl, context.baseDir);
  const connection = await connect({
    url,
    applicationName: "millrace",
    ...(ssl !== undefined && { ssl }),
    ...(context.signal && { signal: context.signal }),
  });
  return new PostgresDesk(connection, stateSchema, context.name);
}

class PostgresDesk implements PositionDesk {
  readonly label: string;
  readonly #connection: Connection;
  readonly #schema: string;
  readonly #sink: string;

  constructor(connection: Connection, schema: string, sink: string) {
    this.label = `${connection.label}, table ${schema}.progress`;
    this.#connection = connection;
    this.#schema = schema;
    this.#sink = sink;
  }

  list(job: string): Promise<readonly KeptPosition[]> {
    return this.#ask("reading positions", async () =>
      (await hasProgress(this.#connection, this.#schema))
        ? await listPositions(this.#connection, this.#schema, job, this.#sink)
        : [],
    );
  }

  rewind(key: ProgressKey, steps: readonly Advance[]): Promise<void> {
    return this.#ask("setting positions back", () => rewindSplits(this.#connection, this.#schema, key, steps));
  }

  forget(key: ProgressKey): Promise<void> {
    return this.#ask("forgetting positions", async () => {
      if (await hasProgress(this.#connection, this.#schema)) await forgetScope(this.#connection, this.#schema, key);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #ask<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof MillraceError) throw thrown;
      throw postgresError(thrown, `sink "${this.#sink}": ${doing} in ${this.#connection.label}`);
    }
  }
}
