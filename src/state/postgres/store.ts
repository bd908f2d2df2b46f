/** The state store in a Postgres that several machines share. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { storeClosed } from "../faults.ts";
import { postgresLabel } from "../options.ts";
import { type Arguments, type Operation, type Outcome, performAsync, storeOver } from "../operations.ts";
import type { LeaseClock } from "./leases.ts";
import { migrate } from "./migrations.ts";
import { DEFAULT_STATE_SCHEMA } from "./schema.ts";
import { Sessions } from "./sessions.ts";
import { PostgresState } from "./state.ts";

/** Where the store is, and how it is opened. */
export interface PostgresStoreOptions {
  readonly url: string;
  /** The schema of its tables; `millrace_state` by default. */
  readonly schema?: string;
  readonly clock: Clock;
  readonly leaseClock?: LeaseClock;
}

/**
 * Opens the store, makes its tables if need be.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_TOO_NEW, STATE_CORRUPT, CONFIG_INVALID
 * @example
 * await using state = await openPostgresStore({ url: "postgres://etl@db/ops", clock: systemClock });
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StateStore> {
  const { url, schema = DEFAULT_STATE_SCHEMA, clock, leaseClock = "server" } = options;
  const label = postgresLabel(url, options.schema);
  const sessions = new Sessions({ url, label, clock });
  try {
    await sessions.borrow((connection) => migrate(connection, { schema, label }));
  } catch (thrown) {
    await sessions[Symbol.asyncDispose]();
    throw thrown;
  }
  const underWay = new Set<Promise<unknown>>();
  let closed = false;
  const call = <O extends Operation>(operation: O, args: Arguments<O>): Promise<Outcome<O>> => {
    if (closed) return Promise.reject(storeClosed(`state store ${label}`));
    const id = randomUUID();
    const done = sessions.run((connection, again) =>
      performAsync(new PostgresState(connection, { schema, leaseClock, operation: id, again }), operation, args),
    );
    underWay.add(done);
    const forget = (): void => void underWay.delete(done);
    done.then(forget, forget);
    return done;
  };
  return storeOver(label, call, async () => {
    closed = true;
    await Promise.allSettled(underWay);
    await sessions[Symbol.asyncDispose]();
  });
}
