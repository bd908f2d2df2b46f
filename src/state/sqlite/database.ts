/** Opens the database file so that what it has committed survives a power cut. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { toStateError } from "./errors.ts";
import { migrate } from "./migrations.ts";

/** How long a lock of another process is waited for. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens or makes the file, its folder too, and brings it to the newest version.
 *
 * @param busyTimeoutMs how long a lock of another process is waited for
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export function openDatabase(file: string, label: string, busyTimeoutMs = BUSY_TIMEOUT_MS): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    database = new DatabaseSync(file, { timeout: busyTimeoutMs, readBigInts: true });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(database, label);
    return database;
  } catch (thrown) {
    database?.close();
    throw toStateError(thrown, label);
  }
}
