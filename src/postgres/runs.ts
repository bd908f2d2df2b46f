/** What a database remembers of the runs that wrote into it, for the day when the state store is lost. */
import type { SeenSplit, UnfinishedRun } from "../core/ports/sink.ts";
import type { Connection } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";

/** One split that is the same tells that the source is: of many, a few are looked at. */
const MOST_SEEN = 10;

/** Names a run within one sink. */
export interface RunKey {
  readonly job: string;
  readonly run: string;
  readonly sink: string;
}

/** Notes that a run writes. Throws what the driver throws. */
export async function noteRunStarted(
  connection: Connection,
  schema: string,
  key: RunKey,
  scope: string,
): Promise<void> {
  await connection.query(
    `INSERT INTO ${quoteIdentifier(schema)}.runs AS r (job, run, sink, scope, state) VALUES ($1, $2, $3, $4, 'running')
     ON CONFLICT (job, run, sink) DO UPDATE SET state = 'running', ended_at = NULL`,
    [key.job, key.run, key.sink, scope],
  );
}

/** Notes that a run will not be gone on with. Throws what the driver throws. */
export async function noteRunEnded(
  connection: Connection,
  schema: string,
  key: RunKey,
  state: "succeeded" | "abandoned",
): Promise<void> {
  await connection.query(
    `UPDATE ${quoteIdentifier(schema)}.runs SET state = $4, ended_at = now() WHERE job = $1 AND run = $2 AND sink = $3`,
    [key.job, key.run, key.sink, state],
  );
}

/** The runs of a job that began to write into a sink and never ended, oldest first. Throws what the driver throws. */
export async function readUnfinishedRuns(
  connection: Connection,
  schema: string,
  job: string,
  sink: string,
): Promise<readonly UnfinishedRun[]> {
  const quoted = quoteIdentifier(schema);
  const { rows } = await connection.query(
    `SELECT r.run, r.scope, to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
       (SELECT coalesce(sum((p.counts ->> 'written')::bigint), 0)::text FROM ${quoted}.progress p
        WHERE p.job = r.job AND p.scope = r.scope AND p.sink = r.sink) AS written,
       (SELECT coalesce(json_agg(s), '[]')::text
        FROM (SELECT p.split, p.fingerprint FROM ${quoted}.progress p
              WHERE p.job = r.job AND p.scope = r.scope AND p.sink = r.sink AND p.ordinal > 0 AND p.fingerprint IS NOT NULL
              ORDER BY p.split LIMIT ${MOST_SEEN}) s) AS seen
     FROM ${quoted}.runs r WHERE r.job = $1 AND r.sink = $2 AND r.state = 'running' ORDER BY r.started_at, r.run`,
    [job, sink],
  );
  return rows.map((row) => ({
    run: String(row["run"]),
    scope: String(row["scope"]),
    startedAt: String(row["started_at"]),
    written: Number(row["written"]),
    seen: JSON.parse(String(row["seen"])) as readonly SeenSplit[],
  }));
}
