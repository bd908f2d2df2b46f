/** Replaces the rows of a table that has to stay the one it is. */
import { MillraceError } from "../../../../core/errors.ts";
import type { Connection } from "../../../../postgres/connection.ts";
import { quoteIdentifier } from "../../../../postgres/identifiers.ts";
import { readUniqueKeys } from "../../../../postgres/unique-keys.ts";
import { continueNumbers } from "./loading-table.ts";

/** Two tables as SQL names them. */
interface Pair {
  readonly old: string;
  readonly loaded: string;
}

const COLUMNS = `
SELECT json_agg(json_build_object('name', o.attname, 'always', o.attidentity = 'a') ORDER BY o.attnum)::text AS columns
FROM pg_attribute o JOIN pg_attribute n ON n.attrelid = $2::regclass AND n.attname = o.attname AND NOT n.attisdropped
WHERE o.attrelid = $1::regclass AND o.attnum > 0 AND NOT o.attisdropped AND o.attgenerated = ''`;

/** Empties the table, which has to be locked, and fills it. Throws what the driver throws. */
export async function truncateAndInsert(connection: Connection, { old, loaded }: Pair): Promise<void> {
  const columns = await sharedColumns(connection, { old, loaded });
  await connection.query(`TRUNCATE ${old}`);
  await connection.query(insertFrom(old, loaded, columns));
  await continueNumbers(connection, loaded, old);
}

/**
 * Deletes, updates and inserts by key: rows of other tables refer to some of these, and go on doing so. Throws what the
 * driver throws, also where a row is to go that is referred to.
 *
 * @param oid of the old table
 */
export async function mergeByKey(connection: Connection, { old, loaded }: Pair, oid: string): Promise<void> {
  const [key] = await readUniqueKeys(connection, oid);
  if (key === undefined) {
    throw new MillraceError("SINK_REFUSED", `${old}: mode replace: other tables refer to it, and it has no unique key`);
  }
  const columns = await sharedColumns(connection, { old, loaded });
  const names = key.columns.map(quoteIdentifier);
  const same = names.map((name) => `n.${name} = o.${name}`).join(" AND ");
  await connection.query(`CREATE INDEX ON ${loaded} (${names.join(", ")})`);
  await connection.query(`DELETE FROM ${old} AS o WHERE NOT EXISTS (SELECT FROM ${loaded} AS n WHERE ${same})`);
  const set = columns
    .filter(({ name, always }) => !key.columns.includes(name) && !always)
    .map(({ name }) => `${quoteIdentifier(name)} = EXCLUDED.${quoteIdentifier(name)}`);
  const update = set.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${set.join(", ")}`;
  await connection.query(`${insertFrom(old, loaded, columns)} ON CONFLICT (${names.join(", ")}) ${update}`);
  await continueNumbers(connection, loaded, old);
}

interface SharedColumn {
  readonly name: string;
  readonly always: boolean;
}

/** Also of a table that has changed since it was loaded. */
async function sharedColumns(connection: Connection, { old, loaded }: Pair): Promise<readonly SharedColumn[]> {
  const { rows } = await connection.query(COLUMNS, [old, loaded]);
  return JSON.parse(String(rows[0]?.["columns"])) as readonly SharedColumn[];
}

function insertFrom(old: string, loaded: string, columns: readonly SharedColumn[]): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const overriding = columns.some(({ always }) => always) ? " OVERRIDING SYSTEM VALUE" : "";
  return `INSERT INTO ${old} (${names})${overriding} SELECT ${names} FROM ${loaded}`;
}
