/** Rejects that live with the data. */
import type { Reject } from "../core/reject.ts";
import type { Connection } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";
import { hasUnicode, isAscii, spelled, storable } from "./storable-text.ts";

/** Raw text a statement may carry, in characters: far from what a string or a parameter can hold. */
const BATCH_CHARACTERS = 8 * 1024 * 1024;

/**
 * Inserts rejects inside a commit unit's transaction; one that is there already (same job, scope, split, token, sink and
 * output) is left alone. Throws what the driver throws.
 */
export async function insertRejects(connection: Connection, schema: string, rejects: readonly Reject[]): Promise<void> {
  const statement = `${insertInto(schema)} ON CONFLICT DO NOTHING`;
  for (const batch of batches(rejects)) await connection.query(statement, [await rowsOf(connection, batch)]);
}

/**
 * Stores rejects in the place of those with the same key, inside a transaction; no replay has them any more. Throws what
 * the driver throws.
 */
export async function replaceRejects(
  connection: Connection,
  schema: string,
  rejects: readonly Reject[],
): Promise<void> {
  const replaced = COLUMNS.split(", ").map((column) => `${column} = excluded.${column}`);
  const statement = `
WITH put AS (
  ${insertInto(schema)}
  ON CONFLICT (job, scope, split, token, coalesce(sink, ''), coalesce(output, -1)) DO UPDATE SET ${replaced.join(", ")}
  RETURNING id
)
DELETE FROM ${quoteIdentifier(schema)}.taken WHERE reject IN (SELECT id FROM put)`;
  for (const batch of batches(rejects)) await connection.query(statement, [await rowsOf(connection, batch)]);
}

const COLUMNS =
  "job, run, scope, split, ordinal, token, line, stage, sink, output, code, message, raw, raw_encoding, attempts, at";

function insertInto(schema: string): string {
  return `INSERT INTO ${quoteIdentifier(schema)}.rejects (${COLUMNS})
SELECT ${COLUMNS}
FROM json_to_recordset($1::json) AS r (job text, run text, scope text, split text, ordinal bigint, token text, line bigint,
  stage text, sink text, output integer, code text, message text, raw text, raw_encoding text, attempts integer,
  at timestamptz)`;
}

function* batches(rejects: readonly Reject[]): Generator<readonly Reject[]> {
  let begin = 0;
  let characters = 0;
  for (const [index, { raw, message }] of rejects.entries()) {
    characters += raw.length + message.length;
    if (characters < BATCH_CHARACTERS) continue;
    yield rejects.slice(begin, index + 1);
    begin = index + 1;
    characters = 0;
  }
  if (begin < rejects.length) yield rejects.slice(begin);
}

/** The rejects as JSON. A database may hold fewer characters than a record has: then they are spelled without them. */
async function rowsOf(connection: Connection, rejects: readonly Reject[]): Promise<string> {
  const text = JSON.stringify(rejects.map(toRow));
  if (isAscii(text) || (await hasUnicode(connection))) return text;
  return JSON.stringify(rejects.map(withoutUnicode).map(toRow));
}

function withoutUnicode({ raw, message, ...reject }: Reject): Reject {
  return {
    ...reject,
    ...(isAscii(raw) ? { raw } : { raw: Buffer.from(raw).toString("base64"), rawEncoding: "base64" }),
    message: spelled(message),
  };
}

/** The reject as a row, its names in snake case. */
function toRow({ position, rawEncoding, message, raw, ...rest }: Reject): object {
  const { ordinal, token } = position;
  return {
    ...rest,
    ordinal: String(ordinal),
    token,
    message: storable(message),
    raw: storable(raw),
    raw_encoding: rawEncoding,
  };
}
