/**
 * Which way a loaded table takes the old one's place.
 *
 * Renaming is done in a moment, but what refers to the old table goes on referring to it. Where something does, or where
 * the table has what cannot be given to another one, its rows are replaced instead.
 */
import type { Table } from "../../../../postgres/catalogue.ts";
import type { Connection } from "../../../../postgres/connection.ts";

/**
 * `rename`: the loaded table is renamed; `truncate`: TRUNCATE and INSERT .. SELECT, readers wait; `merge`: rows are
 * deleted, updated and inserted by key, because rows of other tables refer to them.
 */
export interface Way {
  readonly kind: "rename" | "truncate" | "merge";
  /** Why it is not renamed, for people. */
  readonly because: string | null;
}

/** In the order in which they are told; `$1` is the table. */
const REASONS = `
WITH t AS (SELECT * FROM pg_class WHERE oid = $1::oid)
SELECT place, reason, kind FROM (
  SELECT 1 AS place, format('%s refers to it', d.conrelid::regclass) AS reason, 'merge' AS kind
  FROM pg_constraint d WHERE d.confrelid = $1::oid AND d.conrelid <> d.confrelid AND d.contype = 'f' AND d.conparentid = 0
  UNION ALL SELECT 2, 'it refers to itself', 'truncate'
  FROM pg_constraint d WHERE d.confrelid = $1::oid AND d.conrelid = d.confrelid AND d.contype = 'f'
  UNION ALL SELECT 3, format('%s depends on it', pg_describe_object('pg_class'::regclass, r.ev_class, 0)), 'truncate'
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid AND r.ev_class <> $1::oid
  UNION ALL SELECT 4, format('publication %I publishes it', p.pubname), 'truncate'
  FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = $1::oid
  WHERE p.puballtables OR r.oid IS NOT NULL OR EXISTS (SELECT FROM pg_publication_tables s, t, pg_namespace n
    WHERE n.oid = t.relnamespace AND s.pubname = p.pubname AND s.schemaname = n.nspname AND s.tablename = t.relname)
  UNION ALL SELECT 5, 'it is partitioned, or a part of another table', 'truncate'
  FROM t WHERE relkind = 'p' OR relispartition OR EXISTS (SELECT FROM pg_inherits WHERE $1::oid IN (inhrelid, inhparent))
  UNION ALL SELECT 6, 'it has triggers, rules or row-level security', 'truncate'
  FROM t WHERE relrowsecurity OR relhasrules OR EXISTS (SELECT FROM pg_policy WHERE polrelid = $1::oid)
    OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal)
  UNION ALL SELECT 7, 'it has extended statistics, or settings of its own that no copy has', 'truncate'
  FROM t WHERE EXISTS (SELECT FROM pg_statistic_ext WHERE stxrelid = $1::oid)
    OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::oid AND (attoptions IS NOT NULL OR attstattarget > 0))
    OR EXISTS (SELECT FROM pg_class x WHERE x.oid = t.reltoastrelid AND x.reloptions IS NOT NULL)
    OR EXISTS (SELECT FROM pg_seclabel WHERE objoid = $1::oid AND classoid = 'pg_class'::regclass)
    OR EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = $1::oid AND (x.reltablespace <> 0 OR NOT i.indisvalid OR i.indisclustered))
    OR reltablespace <> 0 OR relpersistence <> 'p' OR reloftype <> 0
    OR relam <> (SELECT oid FROM pg_am WHERE amname = current_setting('default_table_access_method'))
  UNION ALL SELECT 8, format('%s depends on it', pg_describe_object(d.classid, d.objid, d.objsubid)), 'truncate'
  FROM pg_depend d, t WHERE d.deptype IN ('n', 'x') AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_constraint'::regclass)
    AND NOT (d.classid = 'pg_attrdef'::regclass AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid = $1::oid))
    AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid)
      OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT x.oid FROM pg_type x WHERE x.oid = t.reltype OR x.typelem = t.reltype)))
  UNION ALL SELECT 9, format('it belongs to role %I, and this one is no member', pg_get_userbyid(relowner)), 'truncate'
  FROM t WHERE NOT pg_has_role(relowner, 'USAGE')
) AS reasons ORDER BY place LIMIT 1`;

/** The way that a table allows as it is now. Throws what the driver throws. */
export async function wayOf(connection: Connection, { oid }: Pick<Table, "oid">): Promise<Way> {
  const { rows } = await connection.query(REASONS, [oid]);
  const found = rows[0];
  if (found === undefined) return { kind: "rename", because: null };
  return { kind: found["kind"] === "merge" ? "merge" : "truncate", because: String(found["reason"]) };
}

/** For people: `replaced by renaming the loaded table`. */
export function shownWay({ kind, because }: Way): string {
  if (kind === "rename") return "replaced by renaming the loaded table";
  const how =
    kind === "merge" ? "DELETE and INSERT .. ON CONFLICT by its key" : "TRUNCATE and INSERT, for which readers wait";
  return `its rows replaced by ${how}, because ${because ?? ""}`;
}
