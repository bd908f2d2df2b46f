/** A lock between processes that is free again when its holder dies. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";

const EVERY_MS = 100;
const SQLITE_BUSY = 5;

/**
 * Waits, without blocking, until no other process holds the lock. It is SQLite's lock of a file, so the system takes it
 * back from a killed process.
 *
 * @example
 * using _lock = await takeProcessLock(path.join(folder, "lock"));
 */
export async function takeProcessLock(file: string): Promise<Disposable> {
  mkdirSync(path.dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    while (!lock(database)) await wait(EVERY_MS);
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return { [Symbol.dispose]: () => database.close() };
}

function lock(database: DatabaseSync): boolean {
  try {
    database.exec("begin exclusive");
    return true;
  } catch (thrown) {
    if ((thrown as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw thrown;
  }
}
