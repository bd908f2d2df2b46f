/** Bits of SQL that the tables have in common. */
import type { Connection } from "../../postgres/connection.ts";

/** A moment as ISO 8601 in UTC, whatever the session's settings. */
export function isoOf(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;
}

/**
 * Waits until nobody else makes or drops rows of a scope. Rows that are there lock themselves; this is for those that are
 * not: a claim that saw no forgotten epoch must not make its row after somebody has remembered one.
 */
export async function lockScope(connection: Connection, schema: string, job: string, scope: string): Promise<void> {
  const key = JSON.stringify([schema, job, scope]);
  await connection.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
}

/** Waits until nobody else plans, takes or drops slots of a job. */
export async function lockSchedule(connection: Connection, schema: string, job: string): Promise<void> {
  const key = JSON.stringify([schema, job]);
  await connection.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
}
