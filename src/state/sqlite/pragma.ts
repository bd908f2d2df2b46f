/** Reading SQLite's settings. */
import type { DatabaseSync } from "node:sqlite";

/** The value of a numeric pragma. */
export function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
