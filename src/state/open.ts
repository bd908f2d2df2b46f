/** The door of the room: opens the state store that a spec names, and loads only that one. */
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { StateSpec } from "./options.ts";
import type { SqliteStoreOptions } from "./sqlite/store.ts";

export { parseStateUrl, type StateSpec } from "./options.ts";

/**
 * Opens a state store; dispose it when done.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID (another program's file or schema)
 * @example
 * await using state = await openStateStore({ type: "sqlite", path: ".millrace/state.db" }, { clock: systemClock });
 */
export async function openStateStore(
  spec: StateSpec,
  { clock, ...sqlite }: { readonly clock: Clock } & SqliteStoreOptions,
): Promise<StateStore> {
  switch (spec.type) {
    case "memory":
      return (await import("./memory.ts")).openMemoryStore();
    case "sqlite":
      return (await import("./sqlite/store.ts")).openSqliteStore(spec.path, clock, sqlite);
    case "postgres":
      return (await import("./postgres/store.ts")).openPostgresStore({ ...spec, clock });
  }
}
