/**
 * Makes a loaded table what the old one is: indexes and constraints, owner, grants, comments, sequences, names.
 *
 * The statements are made up by the server's own catalogue. `$1` is the old table, `$2` the loaded one, as SQL names
 * them; `$3` is what the names of indexes begin with as long as the old ones have theirs.
 */
import type { Connection } from "../../../../postgres/connection.ts";
import { runStatements } from "./statements.ts";

/** Two tables as SQL names them. */
export interface Pair {
  readonly old: string;
  readonly loaded: string;
  /** What names begin with for the time being. */
  readonly prefix: string;
}

/** Indexes with the constraints that they serve; invalid ones are left out. */
const INDEXES = `
WITH i AS (
  SELECT i.indexrelid AS id, format('%s_%s', $3::text, i.indexrelid) AS made, x.relname AS name, n.nspname AS schema, x.reloptions,
    CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END AS word, pg_get_indexdef(i.indexrelid) AS definition,
    format('%I.%I', n.nspname, c.relname) AS of, d.oid AS constraint_id
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_constraint d ON d.conindid = i.indexrelid AND d.conrelid = i.indrelid AND d.contype IN ('p', 'u', 'x')
  WHERE i.indrelid = $1::regclass AND i.indisvalid
)`;

const CREATE_INDEXES = `${INDEXES}
SELECT sql FROM (
  SELECT id, 1 AS step, CASE WHEN constraint_id IS NOT NULL
    THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2::text, made, pg_get_constraintdef(constraint_id))
    ELSE format('CREATE %sINDEX %I ON %s', word, made, $2::text) ||
      substr(definition, length(format('CREATE %sINDEX %I ON %s', word, name, of)) + 1) END AS sql
  FROM i
  UNION ALL SELECT id, 2, format('ALTER INDEX %I.%I SET (%s)', schema, made,
    (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(reloptions)))
  FROM i WHERE constraint_id IS NOT NULL AND reloptions IS NOT NULL
  UNION ALL SELECT id, 3, format('COMMENT ON INDEX %I.%I IS %L', schema, made, obj_description(id, 'pg_class'))
  FROM i WHERE obj_description(id, 'pg_class') IS NOT NULL
  UNION ALL SELECT id, 4, format('COMMENT ON CONSTRAINT %I ON %s IS %L', made, $2::text, obj_description(constraint_id, 'pg_constraint'))
  FROM i WHERE obj_description(constraint_id, 'pg_constraint') IS NOT NULL
) AS steps ORDER BY id, step`;

const OWNER = `
SELECT format('ALTER TABLE %s OWNER TO %I', $2::text, pg_get_userbyid(relowner)) AS sql
FROM pg_class WHERE oid = $1::regclass AND relowner <> (SELECT relowner FROM pg_class WHERE oid = $2::regclass)`;

const role = (oid: string): string =>
  `CASE WHEN ${oid} = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(${oid})) END`;

/** What default privileges have given to the new table. */
const REVOKES = `
SELECT DISTINCT format('REVOKE ALL ON TABLE %s FROM %s', $2::text, ${role("a.grantee")}) AS sql
FROM pg_class o, pg_class n, aclexplode(coalesce(n.relacl, acldefault('r', n.relowner))) AS a
WHERE o.oid = $1::regclass AND n.oid = $2::regclass AND (o.relacl IS NOT NULL OR n.relacl IS NOT NULL)`;

const option = `CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END`;

const GRANTS = `
SELECT format('GRANT %s ON TABLE %s TO %s%s', a.privilege_type, $2::text, ${role("a.grantee")}, ${option}) AS sql
FROM pg_class o, pg_class n, aclexplode(coalesce(o.relacl, acldefault('r', o.relowner))) AS a
WHERE o.oid = $1::regclass AND n.oid = $2::regclass AND (o.relacl IS NOT NULL OR n.relacl IS NOT NULL)
UNION ALL
SELECT format('GRANT %s (%I) ON TABLE %s TO %s%s', a.privilege_type, t.attname, $2::text, ${role("a.grantee")}, ${option})
FROM pg_attribute t, aclexplode(t.attacl) AS a WHERE t.attrelid = $1::regclass AND NOT t.attisdropped`;

const OTHERS = `
SELECT format('COMMENT ON TABLE %s IS %L', $2::text, obj_description($1::regclass, 'pg_class')) AS sql
WHERE obj_description($1::regclass, 'pg_class') IS NOT NULL
UNION ALL
SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname, $2::text, obj_description(oid, 'pg_constraint'))
FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f' AND obj_description(oid, 'pg_constraint') IS NOT NULL
UNION ALL
SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', d.objid::regclass, $2::text, a.attname)
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass AND d.deptype = 'a'
UNION ALL
SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', $2::text, CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
  ELSE format('USING INDEX %I', (SELECT format('%s_%s', $3::text, indexrelid) FROM pg_index WHERE indrelid = c.oid AND indisreplident)) END)
FROM pg_class c WHERE c.oid = $1::regclass AND c.relreplident <> 'd'`;

/** Names are free when the old table is gone, but nobody knows them any more by then. */
const RENAMES = `${INDEXES}, names AS (
  SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::regclass
)
SELECT sql FROM (
  SELECT 1 AS place, format('ALTER TABLE %s RENAME TO %I', $2::text, name) AS sql FROM names
  UNION ALL SELECT 2, CASE WHEN constraint_id IS NULL THEN format('ALTER INDEX %I.%I RENAME TO %I', schema, made, name)
    ELSE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', of, made, name) END FROM i
  UNION ALL SELECT 3, format('ALTER TABLE %I.%I RENAME CONSTRAINT %I TO %I', s.schema, s.name, n.conname, o.conname)
  FROM names s, pg_constraint o JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = o.conkey[1]
  JOIN pg_attribute b ON b.attrelid = $2::regclass AND b.attname = a.attname
  JOIN pg_constraint n ON n.conrelid = b.attrelid AND n.contype = 'n' AND n.conkey[1] = b.attnum
  WHERE o.conrelid = $1::regclass AND o.contype = 'n' AND o.conname <> n.conname
  UNION ALL SELECT 4, format('ALTER SEQUENCE %s RENAME TO %I', pg_get_serial_sequence($2::text, a.attname), x.relname)
  FROM pg_attribute a JOIN pg_class x ON x.oid = pg_get_serial_sequence($1::text, a.attname)::regclass
  WHERE a.attrelid = $1::regclass AND a.attidentity <> '' AND NOT a.attisdropped
) AS steps ORDER BY place`;

/** Makes the old table's indexes on the loaded one, under other names. Throws what the driver throws. */
export async function makeIndexes(connection: Connection, { old, loaded, prefix }: Pair): Promise<void> {
  await runStatements(connection, CREATE_INDEXES, [old, loaded, prefix]);
}

/** Makes everything else the same, drops the old table and gives its names away. Throws what the driver throws. */
export async function takePlace(connection: Connection, { old, loaded, prefix }: Pair): Promise<void> {
  for (const query of [OWNER, REVOKES, GRANTS]) await runStatements(connection, query, [old, loaded]);
  await runStatements(connection, OTHERS, [old, loaded, prefix]);
  const { rows: renames } = await connection.query(RENAMES, [old, loaded, prefix]);
  await connection.query(`DROP TABLE ${old}`);
  for (const { sql } of renames) await connection.query(String(sql));
}
