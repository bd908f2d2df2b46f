/** Drops history that lives with the data. Everything here throws what the driver throws. */
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { Pruned, Retention } from "../core/ports/retention.ts";
import type { Connection } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";
import { inTransaction } from "./transaction.ts";

/** Whose history. */
export interface HistoryKey {
  readonly job: string;
  readonly sink: string;
}

/**
 * As `StateStore.prune`, for what a sink has of a job.
 *
 * @param isOver whether nobody can go on with a run any more, which this database alone cannot tell
 */
export async function pruneWithData(
  connection: Connection,
  schema: string,
  key: HistoryKey,
  retention: Retention,
  isOver: (run: string) => Promise<boolean>,
): Promise<Pruned> {
  const quoted = quoteIdentifier(schema);
  const runs = await pruneRuns(connection, quoted, key, retention, isOver);
  await connection.query(
    `DELETE FROM ${quoted}.replays AS p WHERE at < $1 AND NOT EXISTS (SELECT FROM ${quoted}.taken AS t WHERE t.replay = p.replay)`,
    [retention.runsBefore],
  );
  const rejects = await pruneRejects(connection, quoted, key.job, retention, isOver);
  return { runs, rejects };
}

async function pruneRuns(
  connection: Connection,
  schema: string,
  { job, sink }: HistoryKey,
  { runsBefore, limit }: Retention,
  isOver: (run: string) => Promise<boolean>,
): Promise<number> {
  const old = await connection.query(
    `SELECT run FROM ${schema}.runs AS r
     WHERE job = $1 AND sink = $2 AND state <> 'running' AND coalesce(ended_at, started_at) < $3
       AND started_at < (SELECT max(started_at) FROM ${schema}.runs WHERE job = $1 AND sink = $2)
     ORDER BY started_at LIMIT $4`,
    [job, sink, runsBefore, limit],
  );
  const over = await thoseOver(old.rows, isOver);
  if (over.length === 0) return 0;
  await inTransaction(connection, async () => {
    const dropped = await connection.query(
      `DELETE FROM ${schema}.runs WHERE job = $1 AND sink = $2 AND run = ANY ($3::text[]) AND state <> 'running'
       RETURNING scope`,
      [job, sink, over],
    );
    await connection.query(
      `DELETE FROM ${schema}.progress AS p WHERE job = $1 AND sink = $2 AND scope = ANY ($3::text[]) AND scope <> ''
         AND NOT EXISTS (SELECT FROM ${schema}.runs AS r WHERE r.job = p.job AND r.sink = p.sink AND r.scope = p.scope)`,
      [job, sink, dropped.rows.map((row) => row["scope"])],
    );
    // A process that a replay took over may have put rejects into its scope since.
    await connection.query(
      `DELETE FROM ${schema}.rejects WHERE job = $1 AND scope = ANY ($2::text[]) AND starts_with(scope, '${REPLAY_SCOPE}')`,
      [job, dropped.rows.map((row) => row["scope"])],
    );
  });
  return over.length;
}

async function pruneRejects(
  connection: Connection,
  schema: string,
  job: string,
  { rejectsBefore, rejectBytes, limit }: Retention,
  isOver: (run: string) => Promise<boolean>,
): Promise<number> {
  const size = "octet_length(raw) + octet_length(message)";
  const look = await connection.query(
    `SELECT coalesce(min(at) < $2 OR sum(${size}) > $3::bigint, false) AS some FROM ${schema}.rejects WHERE job = $1`,
    [job, rejectsBefore, rejectBytes],
  );
  if (look.rows[0]?.["some"] !== true) return 0;
  const tooMuch = `(
    SELECT id, run, scope, at, sum(${size}) OVER (ORDER BY at DESC, id DESC) AS newer FROM ${schema}.rejects WHERE job = $1
  ) AS n WHERE (n.at < $2 OR n.newer > $3::bigint)`;
  const values = [job, rejectsBefore, rejectBytes];
  const runs = await connection.query(`SELECT DISTINCT run FROM ${tooMuch}`, values);
  const over = await thoseOver(runs.rows, isOver);
  if (over.length === 0) return 0;
  const { rowCount } = await connection.query(
    `DELETE FROM ${schema}.rejects WHERE id IN (
       SELECT n.id FROM ${tooMuch} AND n.run = ANY ($4::text[]) AND NOT starts_with(n.scope, '${REPLAY_SCOPE}')
         AND NOT EXISTS (SELECT FROM ${schema}.runs AS r WHERE r.job = $1 AND r.run = n.run AND r.state = 'running')
         AND NOT EXISTS (SELECT FROM ${schema}.taken AS t WHERE t.reject = n.id)
       ORDER BY n.at, n.id LIMIT $5
     )`,
    [...values, over, limit],
  );
  return rowCount;
}

async function thoseOver(
  rows: readonly { readonly [column: string]: unknown }[],
  isOver: (run: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const over: string[] = [];
  for (const run of rows.map((row) => String(row["run"]))) if (await isOver(run)) over.push(run);
  return over;
}
