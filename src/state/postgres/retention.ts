/** Drops history that is not kept any longer. */
import { REPLAY_SCOPE } from "../../core/ports/reject-shelf.ts";
import type { Retention } from "../../core/ports/retention.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { lockSchedule } from "./sql.ts";

/** What of the port's `prune` this database does in one transaction. Throws what the driver throws. */
export async function pruneHistory(
  connection: Connection,
  schema: string,
  ...[job, { runsBefore, limit, ...keep }]: Arguments<"prune">
): Promise<Outcome<"prune">> {
  const quoted = quoteIdentifier(schema);
  const runs = await pruneRuns(connection, quoted, [job, runsBefore, limit]);
  const rejects = await pruneRejects(connection, quoted, job, { ...keep, limit });
  // Last, for others wait for the lock that it takes.
  return { runs, rejects, slots: await pruneSlots(connection, schema, [job, Date.parse(runsBefore), limit]) };
}

async function pruneRejects(
  connection: Connection,
  schema: string,
  job: string,
  { rejectsBefore, rejectBytes, limit }: Omit<Retention, "runsBefore">,
): Promise<number> {
  const old = await dropRejects(
    connection,
    schema,
    `SELECT id, at, run, scope FROM ${schema}.rejects WHERE job = $1 AND at < $2::timestamptz`,
    [job, rejectsBefore, limit],
  );
  if (old === limit || (await bytesOf(connection, schema, job)) <= rejectBytes) return old;
  const tooMuch = await dropRejects(
    connection,
    schema,
    `SELECT * FROM (
       SELECT id, at, run, scope, sum(bytes) OVER (ORDER BY at DESC, id DESC) AS newer FROM ${schema}.rejects WHERE job = $1
     ) AS n WHERE newer > $2::bigint`,
    [job, rejectBytes, limit - old],
  );
  return old + tooMuch;
}

async function pruneRuns(
  connection: Connection,
  schema: string,
  values: readonly [job: string, before: string, limit: number],
): Promise<number> {
  const dropped = await connection.query(
    `DELETE FROM ${schema}.runs WHERE seq IN (
       SELECT seq FROM ${schema}.runs WHERE job = $1 AND state = 'succeeded' AND coalesce(ended_at, started_at) < $2
         AND seq < (SELECT max(seq) FROM ${schema}.runs WHERE job = $1) ORDER BY seq LIMIT $3
     ) RETURNING id, scope`,
    values,
  );
  const scopes = dropped.rows.map((row) => row["scope"]).filter((scope) => scope !== "");
  for (const table of scopes.length === 0 ? [] : ["progress", "words", "forgotten"]) {
    await connection.query(
      `DELETE FROM ${schema}.${table} AS t WHERE t.job = $1 AND t.scope = ANY ($2::text[])
         AND NOT EXISTS (SELECT FROM ${schema}.runs AS u WHERE u.job = t.job AND u.scope = t.scope)`,
      [values[0], scopes],
    );
  }
  await connection.query(`DELETE FROM ${schema}.replays WHERE replay = ANY ($1::text[])`, [
    dropped.rows.map((row) => row["id"]),
  ]);
  // A process that a replay took over may have put rejects into its scope since.
  await connection.query(
    `DELETE FROM ${schema}.rejects WHERE job = $1 AND scope = ANY ($2::text[]) AND starts_with(scope, '${REPLAY_SCOPE}')`,
    [values[0], scopes],
  );
  return dropped.rowCount;
}

async function pruneSlots(
  connection: Connection,
  schema: string,
  values: readonly [job: string, before: number, limit: number],
): Promise<number> {
  const slots = `${quoteIdentifier(schema)}.slots`;
  await lockSchedule(connection, schema, values[0]);
  const { rowCount } = await connection.query(
    `DELETE FROM ${slots} WHERE job = $1 AND slot IN (
       SELECT slot FROM ${slots} WHERE job = $1 AND ended_at < $2
         AND slot <> (SELECT slot FROM ${slots} WHERE job = $1 ORDER BY at DESC, slot LIMIT 1) ORDER BY ended_at LIMIT $3
     )`,
    values,
  );
  return rowCount;
}

async function bytesOf(connection: Connection, schema: string, job: string): Promise<number> {
  const { rows } = await connection.query(
    `SELECT coalesce(sum(bytes), 0)::text AS bytes FROM ${schema}.rejects WHERE job = $1`,
    [job],
  );
  return Number(rows[0]?.["bytes"]);
}

/**
 * Drops those that nobody will come back to: no run that can be gone on with, no replay.
 *
 * @param candidates a SELECT with the first two values
 */
async function dropRejects(
  connection: Connection,
  schema: string,
  candidates: string,
  values: readonly [job: string, bound: string | number, limit: number],
): Promise<number> {
  const { rowCount } = await connection.query(
    `DELETE FROM ${schema}.rejects WHERE id IN (
       SELECT r.id FROM (${candidates}) AS r
       WHERE NOT EXISTS (SELECT FROM ${schema}.runs AS u WHERE u.id = r.run AND u.state <> 'succeeded')
         AND NOT EXISTS (SELECT FROM ${schema}.taken AS t WHERE t.reject = r.id)
         AND NOT starts_with(r.scope, '${REPLAY_SCOPE}')
       ORDER BY r.at, r.id LIMIT $3
     )`,
    values,
  );
  return rowCount;
}
