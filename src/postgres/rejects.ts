/** Rejects that live with the data. */
import type { Reject } from "../core/reject.ts";
import type { Connection } from "./connection.ts";
import { quoteIdentifier } from "./identifiers.ts";

/** Raw text a statement may carry, in characters: far from what a string or a parameter can hold. */
const BATCH_CHARACTERS = 8 * 1024 * 1024;

/**
 * Inserts rejects inside a commit unit's transaction; one that is there already (same job, scope, split, token, sink and
 * output) is left alone. Throws what the driver throws.
 */
export async function insertRejects(connection: Connection, schema: string, rejects: readonly Reject[]): Promise<void> {
  const statement = `
INSERT INTO ${quoteIdentifier(schema)}.rejects
  (job, run, scope, split, ordinal, token, line, stage, sink, output, code, message, raw, raw_encoding, attempts, at)
SELECT job, run, scope, split, ordinal, token, line, stage, sink, output, code, message, raw, raw_encoding, attempts, at
FROM json_to_recordset($1::json) AS r (job text, run text, scope text, split text, ordinal bigint, token text, line bigint,
  stage text, sink text, output integer, code text, message text, raw text, raw_encoding text, attempts integer,
  at timestamptz)
ON CONFLICT DO NOTHING`;
  for (const batch of batches(rejects)) await connection.query(statement, [JSON.stringify(batch.map(toRow))]);
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

/** Postgres stores neither NUL nor half a surrogate pair; a message that quotes bad input may hold both. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
