/** Rejects that live with the data, to be looked at and tried again. Everything here throws what the driver throws. */
import {
  REPLAY_SCOPE,
  type RejectCause,
  type RejectFilter,
  type RejectSettlement,
  type ReplayStep,
  type StoredReject,
} from "../core/ports/reject-shelf.ts";
import type { Reject, RejectStage } from "../core/reject.ts";
import { conditionOf } from "./condition.ts";
import type { Connection, Row } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";
import { replaceRejects } from "./rejects.ts";

/** As `RejectShelf.listRejects`. */
export async function listRejects(
  connection: Connection,
  schema: string,
  { after = 0, limit, ...filter }: RejectFilter & { readonly after?: number; readonly limit: number },
): Promise<readonly StoredReject[]> {
  const { from, values } = selectionOf(schema, filter);
  const { rows } = await connection.query(
    `SELECT r.id::text, r.job, r.run, r.scope, r.split, r.ordinal::text, r.token, r.line::text, r.stage, r.sink, r.output,
       r.code, r.message, r.raw, r.raw_encoding, r.attempts,
       to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, t.replay
     ${from} AND r.id > $${values.length + 1} ORDER BY r.id LIMIT $${values.length + 2}`,
    [...values, after, limit],
  );
  return rows.map(toReject);
}

/** As `RejectShelf.groupRejects`. */
export async function groupRejects(
  connection: Connection,
  schema: string,
  filter: RejectFilter,
): Promise<readonly RejectCause[]> {
  const { from, values } = selectionOf(schema, filter);
  const { rows } = await connection.query(
    `SELECT r.split, r.stage, r.code, r.sink, count(*)::text AS count, min(r.id)::text AS first,
       (array_agg(r.message ORDER BY r.id))[1] AS message
     ${from} GROUP BY r.split, r.stage, r.code, r.sink ORDER BY min(r.id)`,
    values,
  );
  return rows.map((row) => ({ ...causeOf(row), count: Number(row["count"]), first: Number(row["first"]) }));
}

/** As `RejectShelf.takeRejects`. */
export async function takeRejects(
  connection: Connection,
  schema: string,
  filter: RejectFilter,
  replay: string,
): Promise<void> {
  const { from, values } = selectionOf(schema, filter);
  const quoted = quoteIdentifier(schema);
  const [by, sink] = [`$${values.length + 1}`, `$${values.length + 2}`];
  // Another replay may take the same at the same moment; who is second does not get them.
  await connection.query(
    `WITH once AS (
       INSERT INTO ${quoted}.replays AS p (replay, taken_of) VALUES (${by}::text, ARRAY[${sink}::text])
       ON CONFLICT (replay) DO UPDATE SET taken_of = p.taken_of || excluded.taken_of
         WHERE NOT p.settled AND NOT p.taken_of @> excluded.taken_of
       RETURNING replay
     )
     INSERT INTO ${quoted}.taken (reject, replay) SELECT r.id, ${by}::text ${from} AND EXISTS (SELECT FROM once)
     ON CONFLICT DO NOTHING`,
    [...values, replay, filter.sink ?? ""],
  );
}

/** As `RejectShelf.settleRejects`, inside a transaction. */
export async function applySettlement(
  connection: Connection,
  schema: string,
  { job, unless, drop = [], dropTakenBy, put = [] }: RejectSettlement,
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  const isLate = put.length > 0 && unless !== undefined && (await hasStep(connection, quoted, unless));
  if (!isLate) await replaceRejects(connection, schema, put);
  await connection.query(`DELETE FROM ${quoted}.rejects WHERE job = $1 AND id = ANY ($2::bigint[])`, [job, drop]);
  if (dropTakenBy === undefined) return;
  await connection.query(
    `INSERT INTO ${quoted}.replays (replay, settled) VALUES ($1, true) ON CONFLICT (replay) DO UPDATE SET settled = true`,
    [dropTakenBy],
  );
  await connection.query(
    `DELETE FROM ${quoted}.rejects WHERE job = $1 AND id IN (SELECT reject FROM ${quoted}.taken WHERE replay = $2)`,
    [job, dropTakenBy],
  );
}

/** Locks the replay's row, so that it cannot come further before what is done here is. */
async function hasStep(connection: Connection, schema: string, { replay, step }: ReplayStep): Promise<boolean> {
  const { rows } = await connection.query(
    `INSERT INTO ${schema}.replays AS p (replay) VALUES ($1) ON CONFLICT (replay) DO UPDATE SET settled = p.settled
     RETURNING settled OR ($2 = 'taken' AND cardinality(taken_of) > 0) AS reached`,
    [replay, step],
  );
  return rows[0]?.["reached"] === true;
}

/** Where to select from, and the values of its condition. */
function selectionOf(
  schema: string,
  filter: RejectFilter,
): { readonly from: string; readonly values: readonly unknown[] } {
  const { job, scope, run, split, stage, code, sink, sinks, ids, takenBy, exceptReplays = false } = filter;
  const { where, values } = conditionOf(
    ["r.job = ?", job],
    ["r.scope = ?", scope],
    ["r.run = ?", run],
    ["r.split = ?", split],
    ["r.stage = ?", stage],
    ["r.code = ?", code],
    ["coalesce(r.sink, '') = ?", sink === null ? "" : sink],
    ["coalesce(r.sink, '') = ANY (?::text[])", sinks?.map((one) => one ?? "")],
    ["t.replay = ?", takenBy],
    ["r.id = ANY (?::bigint[])", ids],
    ["NOT starts_with(r.scope, ?)", exceptReplays ? REPLAY_SCOPE : undefined],
  );
  const quoted = quoteIdentifier(schema);
  return { from: `FROM ${quoted}.rejects r LEFT JOIN ${quoted}.taken t ON t.reject = r.id WHERE ${where}`, values };
}

function toReject(row: Row): StoredReject {
  const { line, output, replay } = row;
  const { split, stage, code, message, ...sink } = causeOf(row);
  return {
    id: Number(row["id"]),
    job: String(row["job"]),
    run: String(row["run"]),
    scope: String(row["scope"]),
    split,
    position: { ordinal: BigInt(String(row["ordinal"])), token: String(row["token"]) },
    ...(typeof line === "string" && { line: Number(line) }),
    stage,
    ...sink,
    ...(output === null ? {} : { output: Number(output) }),
    code,
    message,
    raw: String(row["raw"]),
    rawEncoding: row["raw_encoding"] as Reject["rawEncoding"],
    attempts: Number(row["attempts"]),
    at: String(row["at"]),
    ...(typeof replay === "string" && { takenBy: replay }),
  };
}

function causeOf(row: Row): Pick<Reject, "split" | "stage" | "code" | "message" | "sink"> {
  const { sink } = row;
  return {
    split: String(row["split"]),
    stage: row["stage"] as RejectStage,
    ...(typeof sink === "string" && { sink }),
    code: String(row["code"]),
    message: String(row["message"]),
  };
}
