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

/**
 * Notes that a run writes. Throws what the driver throws.
 *
 * @param endsOnce one that has succeeded stays so: what it does at its end must not be done again
 */
export async function noteRunStarted(
  connection: Connection,
  schema: string,
  key: RunKey,
  { scope, endsOnce }: { readonly scope: string; readonly endsOnce: boolean },
): Promise<void> {
  await connection.query(
    `INSERT INTO ${quoteIdentifier(schema)}.runs AS r (job, run, sink, scope, state) VALUES ($1, $2, $3, $4, 'running')
     ON CONFLICT (job, run, sink) DO UPDATE SET state = 'running', ended_at = NULL WHERE r.state <> 'succeeded' OR NOT $5`,
    [key.job, key.run, key.sink, scope, endsOnce],
  );
}

/** Whether what a run does once before its rows is done. Throws what the driver throws. */
export async function isRunOpened(connection: Connection, schema: string, key: RunKey): Promise<boolean> {
  const { rows } = await connection.query(
    `SELECT opened_at IS NOT NULL AS opened FROM ${quoteIdentifier(schema)}.runs WHERE job = $1 AND run = $2 AND sink = $3`,
    [key.job, key.run, key.sink],
  );
  return rows[0]?.["opened"] === true;
}

/** Notes that it is done, for use at the end of the transaction that did it. Throws what the driver throws. */
export async function noteRunOpened(connection: Connection, schema: string, key: RunKey): Promise<void> {
  await connection.query(
    `UPDATE ${quoteIdentifier(schema)}.runs SET opened_at = now() WHERE job = $1 AND run = $2 AND sink = $3 AND opened_at IS NULL`,
    [key.job, key.run, key.sink],
  );
}

/**
 * How a run stands, and holds everybody else off until the transaction ends; undefined: nothing is known of it. Throws
 * what the driver throws.
 */
export async function lockRun(
  connection: Connection,
  schema: string,
  key: RunKey,
): Promise<"running" | "succeeded" | "abandoned" | undefined> {
  const { rows } = await connection.query(
    `SELECT state FROM ${quoteIdentifier(schema)}.runs WHERE job = $1 AND run = $2 AND sink = $3 FOR UPDATE`,
    [key.job, key.run, key.sink],
  );
  return rows[0]?.["state"] as "running" | "succeeded" | "abandoned" | undefined;
}

/**
 * Gives up runs of the same job and sink that began before this one and have committed nothing for a while, for use inside
 * a transaction. Throws what the driver throws.
 *
 * @param age as Postgres spells an interval
 */
export async function giveUpStaleRuns(connection: Connection, schema: string, key: RunKey, age: string): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await connection.query(
    `UPDATE ${quoted}.runs AS r SET state = 'abandoned', ended_at = now()
     WHERE r.job = $1 AND r.run <> $2 AND r.sink = $3 AND r.state = 'running' AND r.started_at < now() - $4::interval
       AND r.started_at < (SELECT started_at FROM ${quoted}.runs WHERE job = $1 AND run = $2 AND sink = $3)
       AND NOT EXISTS (SELECT FROM ${quoted}.progress p WHERE p.job = r.job AND p.scope = r.scope AND p.sink = r.sink
         AND p.updated_at > now() - $4::interval)`,
    [key.job, key.run, key.sink, age],
  );
}

/** The runs of a job that were given up, as one of its sinks knows them. Throws what the driver throws. */
export async function givenUpRuns(
  connection: Connection,
  schema: string,
  { job, sink }: Pick<RunKey, "job" | "sink">,
): Promise<readonly string[]> {
  const { rows } = await connection.query(
    `SELECT run FROM ${quoteIdentifier(schema)}.runs WHERE job = $1 AND sink = $2 AND state = 'abandoned'`,
    [job, sink],
  );
  return rows.map(({ run }) => String(run));
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
