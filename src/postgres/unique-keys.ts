/** What tells the rows of a table apart. */
import type { Connection } from "./connection.ts";

/** A unique index that `ON CONFLICT` can be held against: whole, of plain columns, checked at once. */
export interface UniqueKey {
  /** The index's name. */
  readonly name: string;
  /** In the order of the index. */
  readonly columns: readonly string[];
  readonly primary: boolean;
  /** Two rows with NULL in it count as the same. */
  readonly nullsAlike: boolean;
}

// A server before 15 has no indnullsnotdistinct, and there nulls are always apart.
const UNIQUE_KEYS = `
SELECT c.relname AS name, i.indisprimary AS primary, coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_alike,
  (SELECT json_agg(a.attname ORDER BY k.place)::text
   FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
   WHERE k.place <= i.indnkeyatts) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indisprimary DESC, c.relname`;

/** The unique keys of a table, its primary key first. Throws what the driver throws. */
export async function readUniqueKeys(connection: Connection, oid: string): Promise<readonly UniqueKey[]> {
  const { rows } = await connection.query(UNIQUE_KEYS, [oid]);
  return rows.map((row) => ({
    name: String(row["name"]),
    columns: JSON.parse(String(row["columns"])) as readonly string[],
    primary: row["primary"] === true,
    nullsAlike: row["nulls_alike"] === true,
  }));
}
