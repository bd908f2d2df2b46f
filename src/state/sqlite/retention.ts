/** Drops history that is not kept any longer. */
import type { DatabaseSync } from "node:sqlite";
import { REPLAY_SCOPE } from "../../core/ports/reject-shelf.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { int, text } from "./row.ts";

/** Nobody will come back to the reject `r`: no run that can be gone on with, no replay. */
const IS_FREE = `NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = r.run AND runs.state <> 'succeeded')
  AND NOT EXISTS (SELECT 1 FROM taken WHERE taken.reject = r.id) AND NOT glob('${REPLAY_SCOPE}*', r.scope)`;

/** What of the port's `prune` this database does in one transaction. */
export function pruneHistory(
  database: DatabaseSync,
  ...[job, { runsBefore, rejectsBefore, rejectBytes, limit }]: Arguments<"prune">
): Outcome<"prune"> {
  const runs = pruneRuns(database, job, runsBefore, limit);
  const slots = pruneSlots(database, job, Date.parse(runsBefore), limit);
  const old = dropRejects(database, "SELECT id, at, run, scope FROM rejects WHERE job = ? AND at < ?", [
    job,
    rejectsBefore,
    limit,
  ]);
  if (old === limit || bytesOf(database, job) <= rejectBytes) return { runs, rejects: old, slots };
  const tooMuch = `SELECT * FROM (
    SELECT id, at, run, scope, sum(bytes) OVER (ORDER BY at DESC, id DESC) AS newer FROM rejects WHERE job = ?
  ) WHERE newer > ?`;
  return { runs, rejects: old + dropRejects(database, tooMuch, [job, rejectBytes, limit - old]), slots };
}

function pruneRuns(database: DatabaseSync, job: string, before: string, limit: number): number {
  const dropped = database
    .prepare(
      `DELETE FROM runs WHERE seq IN (
         SELECT seq FROM runs WHERE job = ?1 AND state = 'succeeded' AND coalesce(ended_at, started_at) < ?2
           AND seq < (SELECT max(seq) FROM runs WHERE job = ?1) ORDER BY seq LIMIT ?3
       ) RETURNING id, scope`,
    )
    .all(job, before, limit);
  const shared = database.prepare("SELECT 1 FROM runs WHERE job = ? AND scope = ?");
  for (const scope of dropped.map((row) => text(row["scope"]))) {
    if (scope === "" || shared.get(job, scope) !== undefined) continue;
    for (const table of ["progress", "words", "forgotten"])
      database.prepare(`DELETE FROM ${table} WHERE job = ? AND scope = ?`).run(job, scope);
  }
  // A process that a replay took over may have put rejects into its scope since.
  for (const { id, scope } of dropped.map((row) => ({ id: text(row["id"]), scope: text(row["scope"]) }))) {
    database.prepare("DELETE FROM replays WHERE replay = ?").run(id);
    if (!scope.startsWith(REPLAY_SCOPE)) continue;
    database.prepare("DELETE FROM rejects WHERE job = ? AND scope = ?").run(job, scope);
  }
  return dropped.length;
}

function pruneSlots(database: DatabaseSync, job: string, before: number, limit: number): number {
  const { changes } = database
    .prepare(
      `DELETE FROM slots WHERE job = ?1 AND slot IN (
         SELECT slot FROM slots WHERE job = ?1 AND ended_at < ?2
           AND slot <> (SELECT slot FROM slots WHERE job = ?1 ORDER BY at DESC, slot LIMIT 1) ORDER BY ended_at LIMIT ?3
       )`,
    )
    .run(job, before, limit);
  return Number(changes);
}

function bytesOf(database: DatabaseSync, job: string): number {
  return int(database.prepare("SELECT total(bytes) AS bytes FROM rejects WHERE job = ?").get(job)?.["bytes"]);
}

/** @param candidates a SELECT with all parameters but the last one, which is the limit */
function dropRejects(database: DatabaseSync, candidates: string, values: readonly (string | number)[]): number {
  const chosen = `SELECT r.id FROM (${candidates}) AS r WHERE ${IS_FREE} ORDER BY r.at, r.id LIMIT ?`;
  const { changes } = database.prepare(`DELETE FROM rejects WHERE id IN (${chosen})`).run(...values);
  return Number(changes);
}
