/** The positions in a sink's own database, for looking at them and setting them back. Does not need the table. */
import type { KeptPosition, PositionDesk } from "../../../core/ports/position-desk.ts";
import type { Advance, SinkContext } from "../../../core/ports/sink.ts";
import type { ProgressKey } from "../../../core/position.ts";
import { forgetScope, listPositions, rewindSplits } from "../../../postgres/progress.ts";
import { hasProgress } from "../../../postgres/state-schema.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { SinkDatabase } from "./database.ts";

/** @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED, CONFIG_INVALID */
export async function openDesk(options: PostgresSinkOptions, context: SinkContext): Promise<PositionDesk> {
  const database = await SinkDatabase.of(options, context);
  const server = await database.ask("looking for positions", async ({ label }) => label);
  return new PostgresDesk(database, server, options.stateSchema, context.name);
}

class PostgresDesk implements PositionDesk {
  readonly label: string;
  readonly #database: SinkDatabase;
  readonly #schema: string;
  readonly #sink: string;

  constructor(database: SinkDatabase, server: string, schema: string, sink: string) {
    this.label = `${server}, table ${schema}.progress`;
    this.#database = database;
    this.#schema = schema;
    this.#sink = sink;
  }

  list(job: string): Promise<readonly KeptPosition[]> {
    return this.#database.ask("reading positions", async (connection) =>
      (await hasProgress(connection, this.#schema))
        ? await listPositions(connection, this.#schema, job, this.#sink)
        : [],
    );
  }

  rewind(key: ProgressKey, steps: readonly Advance[]): Promise<void> {
    return this.#database.askInSteps("setting positions back", (connection) =>
      rewindSplits(connection, this.#schema, key, steps),
    );
  }

  forget(key: ProgressKey): Promise<void> {
    return this.#database.askInSteps("forgetting positions", async (connection) => {
      if (await hasProgress(connection, this.#schema)) await forgetScope(connection, this.#schema, key);
    });
  }

  /** Holds nothing between calls. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
