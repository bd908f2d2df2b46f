/**
 * Positions that live with the data. The compare-and-set on both epoch and old ordinal is the whole guarantee of
 * exactly once; leases and locks only decide who has to wait.
 */
import { MillraceError } from "../core/errors.ts";
import type { Counts } from "../core/ledger.ts";
import { NO_COUNTS } from "../core/ledger.ts";
import type { ProgressKey } from "../core/position.ts";
import type { KeptPosition } from "../core/ports/position-desk.ts";
import type { Advance, Claim, Progress } from "../core/ports/sink.ts";
import type { Connection, Row } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";
import { inTransaction } from "./transaction.ts";

/** What a row of progress is selected as: integers as text, for a program may have changed how the driver reads them. */
const PROGRESS_COLUMNS = `split, epoch::text, ordinal::text, token, line::text, counts::text, fingerprint`;

/**
 * Takes splits over: epoch + 1 in every row, rows made for splits that have none, in one statement. Waits for a commit
 * that the former owner has under way, and then sees it. Throws what the driver throws.
 *
 * @example
 * const [progress] = await claimSplits(connection, "millrace", key, [{ split: "a.csv", origin: originPosition("0") }]);
 */
export async function claimSplits(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  claims: readonly Claim[],
): Promise<readonly Progress[]> {
  if (claims.length === 0) return [];
  return inTransaction(connection, () => raiseEpochs(connection, schema, key, claims, 1));
}

/**
 * The statement of a claim, for use inside a transaction; gives the rows in no particular order. Throws what the driver
 * throws.
 *
 * @param firstEpoch that of splits which have no row yet
 */
export async function raiseEpochs(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  claims: readonly Claim[],
  firstEpoch: number,
): Promise<readonly Progress[]> {
  // In the order of their names, so that two who claim the same splits cannot wait for each other.
  const statement = `
INSERT INTO ${quoteIdentifier(schema)}.progress AS p
  (job, scope, sink, split, epoch, ordinal, token, line, counts, origin, fingerprint)
SELECT $1, $2, $3, c.split, $10::bigint, c.ordinal, c.token, c.line, $4::jsonb, c.token, c.fingerprint
FROM unnest($5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::text[]) AS c (split, ordinal, token, line, fingerprint)
ORDER BY c.split
ON CONFLICT (job, scope, sink, split) DO UPDATE SET epoch = p.epoch + 1, updated_at = now()
RETURNING ${PROGRESS_COLUMNS}`;
  const { rows } = await connection.query(statement, [
    ...keyValues(key),
    JSON.stringify(NO_COUNTS),
    claims.map(({ split }) => split),
    claims.map(({ origin }) => origin.ordinal),
    claims.map(({ origin }) => origin.token),
    claims.map(({ origin }) => origin.line ?? null),
    claims.map(({ fingerprint }) => fingerprint ?? null),
    firstEpoch,
  ]);
  return rows.map(toProgress);
}

/**
 * Reads positions as they are; splits that were never claimed are left out. Throws what the driver throws.
 *
 * @param splits all of the key's when undefined
 */
export async function readProgress(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  splits?: readonly string[],
): Promise<readonly Progress[]> {
  return selectProgress(connection, schema, key, splits, "");
}

/**
 * Reads positions once every commit that touches them has ended. After a COMMIT without an answer the server may still
 * be at it: read too early, the position would say "not committed" and the rows be sent again.
 *
 * Throws what the driver throws, a lock timeout among it.
 *
 * @param splits all of the key's when undefined
 */
export function readSettledProgress(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  splits?: readonly string[],
): Promise<readonly Progress[]> {
  return inTransaction(connection, () => selectSettled(connection, schema, key, splits));
}

/** The statement of {@link readSettledProgress}, for use inside a transaction; by the names of the splits. */
export function selectSettled(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  splits?: readonly string[],
): Promise<readonly Progress[]> {
  return selectProgress(connection, schema, key, splits, "ORDER BY split FOR SHARE");
}

async function selectProgress(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  splits: readonly string[] | undefined,
  ending: string,
): Promise<readonly Progress[]> {
  const { rows } = await connection.query(
    `SELECT ${PROGRESS_COLUMNS} FROM ${quoteIdentifier(schema)}.progress
     WHERE job = $1 AND scope = $2 AND sink = $3 AND ($4::text[] IS NULL OR split = ANY ($4::text[])) ${ending}`,
    [...keyValues(key), splits ?? null],
  );
  return rows.map(toProgress);
}

/** All that is kept of a job, by the bytes of scope, sink and split. Throws what the driver throws. @param sink all when undefined */
export async function listPositions(
  connection: Connection,
  schema: string,
  job: string,
  sink?: string,
): Promise<readonly KeptPosition[]> {
  const { rows } = await connection.query(
    `SELECT scope, sink, ${PROGRESS_COLUMNS},
       to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at
     FROM ${quoteIdentifier(schema)}.progress WHERE job = $1 AND ($2::text IS NULL OR sink = $2)
     ORDER BY scope COLLATE "C", sink COLLATE "C", split COLLATE "C"`,
    [job, sink ?? null],
  );
  return rows.map((row) => ({
    ...toProgress(row),
    scope: String(row["scope"]),
    sink: String(row["sink"]),
    updatedAt: String(row["updated_at"]),
  }));
}

/**
 * Sets splits back: each is taken over and moved from exactly `(epoch, from)`, so that a former owner's commits miss. One
 * transaction. Throws what the driver throws.
 *
 * @throws MillraceError FENCED, and nothing is changed, when one has moved meanwhile
 */
export async function rewindSplits(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  steps: readonly Advance[],
): Promise<void> {
  if (steps.length === 0) return;
  const claims = steps.map(({ split, to }) => ({ split, origin: to }));
  await inTransaction(connection, async () => {
    await raiseEpochs(connection, schema, key, claims, 1);
    await advanceSplits(
      connection,
      schema,
      key,
      steps.map((step) => ({ ...step, epoch: step.epoch + 1 })),
    );
  });
}

/**
 * Drops a scope of one sink: positions and the rejects that live beside them; its runs are given up. One transaction.
 * Throws what the driver throws.
 */
export async function forgetScope(connection: Connection, schema: string, key: ProgressKey): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await inTransaction(connection, async () => {
    for (const table of ["progress", "rejects"]) {
      const own = table === "progress" ? "sink = $3" : "(sink IS NULL OR sink = $3)";
      await connection.query(`DELETE FROM ${quoted}.${table} WHERE job = $1 AND scope = $2 AND ${own}`, [
        ...keyValues(key),
      ]);
    }
    await connection.query(
      `UPDATE ${quoted}.runs SET state = 'abandoned', ended_at = now()
       WHERE job = $1 AND scope = $2 AND sink = $3 AND state = 'running'`,
      [...keyValues(key)],
    );
  });
}

/**
 * The compare-and-set, for use inside a commit unit's transaction. At most one advance a split. Throws what the driver
 * throws.
 *
 * @throws MillraceError FENCED when a split is not at exactly `(epoch, from)`: someone else owns it now
 */
export async function advanceSplits(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  advances: readonly Advance[],
): Promise<void> {
  if (advances.length === 0) return;
  const moved = await moveSplits(connection, schema, key, advances);
  if (moved.size !== advances.length) throw await fencedError(connection, schema, key, advances);
}

/**
 * The statement of the compare-and-set. At most one advance a split. Throws what the driver throws.
 *
 * @returns the splits whose compare held
 */
export async function moveSplits(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  advances: readonly Advance[],
): Promise<ReadonlySet<string>> {
  const statement = `
UPDATE ${quoteIdentifier(schema)}.progress AS p
SET ordinal = a.ordinal, token = a.token, line = a.line, counts = a.counts, updated_at = now()
FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::jsonb[])
  AS a (split, epoch, expected, ordinal, token, line, counts)
WHERE p.job = $1 AND p.scope = $2 AND p.sink = $3 AND p.split = a.split AND p.epoch = a.epoch AND p.ordinal = a.expected
RETURNING p.split`;
  const { rows } = await connection.query(statement, [
    ...keyValues(key),
    advances.map(({ split }) => split),
    advances.map(({ epoch }) => epoch),
    advances.map(({ from }) => from),
    advances.map(({ to }) => to.ordinal),
    advances.map(({ to }) => to.token),
    advances.map(({ to }) => to.line ?? null),
    advances.map(({ counts }) => JSON.stringify(counts)),
  ]);
  return new Set(rows.map(({ split }) => String(split)));
}

function keyValues({ job, scope, sink }: ProgressKey): readonly string[] {
  return [job, scope, sink];
}

function toProgress(row: Row): Progress {
  const line = row["line"];
  const fingerprint = row["fingerprint"];
  return {
    split: String(row["split"]),
    epoch: Number(row["epoch"]),
    position: {
      ordinal: BigInt(String(row["ordinal"])),
      token: String(row["token"]),
      ...(typeof line === "string" && { line: Number(line) }),
    },
    counts: JSON.parse(String(row["counts"])) as Counts,
    ...(typeof fingerprint === "string" && { fingerprint }),
  };
}

/** Which split it was, and who is where: read in the same transaction, whose own update of the others does not matter. */
async function fencedError(
  connection: Connection,
  schema: string,
  key: ProgressKey,
  advances: readonly Advance[],
): Promise<MillraceError> {
  const stored = await readProgress(
    connection,
    schema,
    key,
    advances.map(({ split }) => split),
  );
  const bySplit = new Map(stored.map((progress) => [progress.split, progress]));
  const missed = advances.find(({ split, epoch, to }) => {
    const found = bySplit.get(split);
    return found?.epoch !== epoch || found.position.ordinal !== to.ordinal;
  });
  const at = missed ?? advances[0];
  const found = at && bySplit.get(at.split);
  const now = found ? `it is at epoch ${found.epoch}, ordinal ${found.position.ordinal}` : "it is gone";
  return new MillraceError(
    "FENCED",
    `job "${key.job}", split "${at?.split}": expected epoch ${at?.epoch}, ordinal ${at?.from} in ` +
      `${schema}.progress, but ${now}: another process has taken it over, and nothing of this unit was written`,
    { details: { split: at?.split, epoch: at?.epoch, ordinal: String(at?.from) } },
  );
}
