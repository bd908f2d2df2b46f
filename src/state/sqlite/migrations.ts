/** Brings a database file to the version that this program knows. */
import type { DatabaseSync } from "node:sqlite";
import { MillraceError } from "../../core/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { pragma } from "./pragma.ts";

/**
 * Applies the steps that are missing, in one transaction; two processes may do so at once.
 *
 * @throws MillraceError STATE_TOO_NEW when a newer version of millrace has written the file
 * @throws MillraceError CONFIG_INVALID when the file belongs to another program
 */
export function migrate(database: DatabaseSync, label: string, migrations: readonly string[] = MIGRATIONS): void {
  if (inOneSnapshot(database, () => missingFrom(database, label, migrations)) === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    // Read anew: another process may have migrated while this one waited for the lock.
    const version = missingFrom(database, label, migrations);
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec("COMMIT");
  } catch (thrown) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw thrown;
  }
}

/** Version, mark and tables are read as they were at one moment: another process may be making the file just now. */
function inOneSnapshot<T>(database: DatabaseSync, read: () => T): T {
  database.exec("BEGIN");
  try {
    return read();
  } finally {
    database.exec("ROLLBACK");
  }
}

/** The version found, which is the first step to apply. */
function missingFrom(database: DatabaseSync, label: string, migrations: readonly string[]): number {
  const version = pragma(database, "user_version");
  assertOurs(database, label);
  if (version <= migrations.length) return version;
  throw new MillraceError(
    "STATE_TOO_NEW",
    `state store ${label} has version ${version}, this millrace knows up to ${migrations.length}: ` +
      "use the newer millrace that wrote it, or another --state",
  );
}

/** An empty file is nobody's; anything else must carry our mark. */
function assertOurs(database: DatabaseSync, label: string): void {
  if (pragma(database, "application_id") === APPLICATION_ID) return;
  const row = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get();
  if (Number(row?.["tables"]) === 0) return;
  throw new MillraceError("CONFIG_INVALID", `state store ${label} is another program's database; name another path`);
}
