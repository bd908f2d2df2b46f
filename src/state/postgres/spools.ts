/** The tables of spools. */
import type { SpooledEntry } from "../../core/ports/spool.ts";
import type { Connection, Row } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { type Admission, admit, NEW_SPOOL, type SpoolState } from "../spool-admission.ts";
import type { Tried } from "./schedules.ts";

/** Rows that one read looks at. */
const READ_ROWS = 5_000;
/** Outlives all attempts at one operation by far. */
const ADDITIONS_KEPT = "10 minutes";

/**
 * Spools by job.
 *
 * Ids are given under the lock of the spool's own row, which is held until COMMIT is done: whoever sees an id sees all
 * before it. What an addition came to is kept under the operation's name for a while, so that another attempt at it
 * knows that it has been done, also when its entries are read and gone by then.
 */
export class SpoolTable {
  readonly #connection: Connection;
  readonly #tried: Tried;
  readonly #spools: string;
  readonly #entries: string;
  readonly #keys: string;
  readonly #additions: string;

  constructor(connection: Connection, schema: string, tried: Tried) {
    const quoted = quoteIdentifier(schema);
    this.#connection = connection;
    this.#tried = tried;
    this.#spools = `${quoted}.spools`;
    this.#entries = `${quoted}.spool_entries`;
    this.#keys = `${quoted}.spool_keys`;
    this.#additions = `${quoted}.spool_additions`;
  }

  async add(...[job, entries, limits]: Arguments<"addToSpool">): Promise<Outcome<"addToSpool">> {
    const before = await this.#lock(job);
    const done = this.#tried.again ? await this.#outcomesBefore() : undefined;
    if (done !== undefined) return done;
    const known = await this.#knownOf(
      job,
      entries.flatMap(({ key }) => key ?? []),
    );
    const admission = admit(entries, limits, before, (key) => known.has(key));
    if (admission.admitted.length > 0) await this.#insert(job, admission);
    return admission.outcomes;
  }

  async read(...[job, after, maxBytes]: Arguments<"readSpool">): Promise<Outcome<"readSpool">> {
    const { rows } = await this.#connection.query(
      `SELECT id::text AS id, body, received_at::text AS received_at FROM (
         SELECT *, sum(octet_length(body)) OVER (ORDER BY id) AS bytes, row_number() OVER (ORDER BY id) AS number
         FROM (SELECT id, body, received_at FROM ${this.#entries} WHERE job = $1 AND id > $2 ORDER BY id LIMIT ${READ_ROWS}) AS e
       ) AS n WHERE bytes <= $3 OR number = 1 ORDER BY n.id`,
      [job, after, maxBytes],
    );
    return rows.map(toEntry);
  }

  async trim(...[job, upTo, keysBefore]: Arguments<"trimSpool">): Promise<void> {
    const { lastId } = await this.#lock(job);
    if (lastId === null) return;
    await this.#connection.query(
      `WITH dropped AS (DELETE FROM ${this.#entries} WHERE job = $1 AND id <= $2 RETURNING octet_length(body) AS bytes)
       UPDATE ${this.#spools} SET bytes = bytes - (SELECT coalesce(sum(d.bytes), 0) FROM dropped AS d),
         entries = entries - (SELECT count(*) FROM dropped), dropped = greatest(dropped, least($2::bigint, last_id))
       WHERE job = $1`,
      [job, upTo],
    );
    await this.#connection.query(`DELETE FROM ${this.#keys} WHERE job = $1 AND received_at < $2 AND id <= $3`, [
      job,
      keysBefore,
      upTo,
    ]);
    await this.#connection.query(`DELETE FROM ${this.#additions} WHERE at < now() - interval '${ADDITIONS_KEPT}'`);
  }

  async size(job: string): Promise<Outcome<"spoolSize">> {
    const { bytes, entries, dropped } = toState(await this.#select(job, ""));
    return { bytes, entries, dropped };
  }

  async #lock(job: string): Promise<SpoolState> {
    const found = await this.#select(job, "FOR UPDATE");
    if (found !== undefined) return toState(found);
    await this.#connection.query(`INSERT INTO ${this.#spools} (job) VALUES ($1) ON CONFLICT DO NOTHING`, [job]);
    return toState(await this.#select(job, "FOR UPDATE"));
  }

  async #select(job: string, lock: "" | "FOR UPDATE"): Promise<Row | undefined> {
    const { rows } = await this.#connection.query(
      `SELECT last_id::text AS last_id, bytes::text AS bytes, entries::text AS entries, dropped::text AS dropped
       FROM ${this.#spools} WHERE job = $1 ${lock}`,
      [job],
    );
    return rows[0];
  }

  async #outcomesBefore(): Promise<Outcome<"addToSpool"> | undefined> {
    const { rows } = await this.#connection.query(`SELECT outcomes FROM ${this.#additions} WHERE operation = $1`, [
      this.#tried.operation,
    ]);
    const outcomes = rows[0]?.["outcomes"];
    return typeof outcomes === "string" ? (JSON.parse(outcomes) as Outcome<"addToSpool">) : undefined;
  }

  async #knownOf(job: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set();
    const { rows } = await this.#connection.query(
      `SELECT key FROM ${this.#keys} WHERE job = $1 AND key = ANY ($2::text[])`,
      [job, keys],
    );
    return new Set(rows.map((row) => String(row["key"])));
  }

  async #insert(job: string, { admitted, after, outcomes }: Admission): Promise<void> {
    await this.#connection.query(
      `WITH given AS (
         SELECT * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bytea[]) AS g (id, key, received_at, body)
       ), entries AS (
         INSERT INTO ${this.#entries} (job, id, received_at, body) SELECT $1, id, received_at, body FROM given
       ), keys AS (
         INSERT INTO ${this.#keys} (job, key, id, received_at)
         SELECT $1, key, id, received_at FROM given WHERE key IS NOT NULL
       ), addition AS (
         INSERT INTO ${this.#additions} (operation, outcomes) VALUES ($9, $10)
       )
       UPDATE ${this.#spools} SET last_id = $6, bytes = $7, entries = $8 WHERE job = $1`,
      [
        job,
        admitted.map(({ id }) => id),
        admitted.map(({ entry }) => entry.key),
        admitted.map(({ entry }) => entry.receivedAt),
        admitted.map(({ entry: { body } }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
        after.lastId,
        after.bytes,
        after.entries,
        this.#tried.operation,
        JSON.stringify(outcomes),
      ],
    );
  }
}

function toState(row: Row | undefined): SpoolState {
  if (row === undefined) return NEW_SPOOL;
  const { last_id: lastId, bytes, entries, dropped } = row;
  return {
    lastId: typeof lastId === "string" ? BigInt(lastId) : null,
    bytes: Number(bytes),
    entries: Number(entries),
    dropped: BigInt(String(dropped)),
  };
}

function toEntry(row: Row): SpooledEntry {
  const { id, body, received_at: receivedAt } = row;
  return {
    id: BigInt(String(id)),
    body: body instanceof Uint8Array ? body : new Uint8Array(),
    receivedAt: Number(receivedAt),
  };
}
