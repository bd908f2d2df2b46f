/** The tables of spools. */
import type { DatabaseSync } from "node:sqlite";
import type { SpooledEntry } from "../../core/ports/spool.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { type AdmittedEntry, admit, NEW_SPOOL, type SpoolState, trimmed } from "../spool-admission.ts";
import { int, type Row, text } from "./row.ts";

/** Spools by job. One writes at a time, so ids become durable in their order. */
export class SpoolTable {
  readonly #find;
  readonly #put;
  readonly #known;
  readonly #addEntry;
  readonly #addKey;
  readonly #read;
  readonly #measure;
  readonly #drop;
  readonly #forget;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare("SELECT * FROM spools WHERE job = ?");
    this.#put = database.prepare(
      "INSERT OR REPLACE INTO spools (job, last_id, bytes, entries, dropped) VALUES (?, ?, ?, ?, ?)",
    );
    this.#known = database.prepare("SELECT 1 FROM spool_keys WHERE job = ? AND key = ?");
    this.#addEntry = database.prepare("INSERT INTO spool_entries (job, id, received_at, body) VALUES (?, ?, ?, ?)");
    this.#addKey = database.prepare("INSERT INTO spool_keys (job, key, id, received_at) VALUES (?, ?, ?, ?)");
    this.#read = database.prepare("SELECT * FROM spool_entries WHERE job = ? AND id > ? ORDER BY id");
    this.#measure = database.prepare(
      `SELECT count(*) AS entries, coalesce(sum(octet_length(body)), 0) AS bytes
       FROM spool_entries WHERE job = ? AND id <= ?`,
    );
    this.#drop = database.prepare("DELETE FROM spool_entries WHERE job = ? AND id <= ?");
    this.#forget = database.prepare("DELETE FROM spool_keys WHERE job = ? AND received_at < ? AND id <= ?");
  }

  add(...[job, entries, limits]: Arguments<"addToSpool">): Outcome<"addToSpool"> {
    const isKnown = (key: string): boolean => this.#known.get(job, key) !== undefined;
    const { outcomes, admitted, after } = admit(entries, limits, this.#state(job), isKnown);
    for (const one of admitted) this.#insert(job, one);
    if (admitted.length > 0) this.#keep(job, after);
    return outcomes;
  }

  read(...[job, after, maxBytes]: Arguments<"readSpool">): Outcome<"readSpool"> {
    const read: SpooledEntry[] = [];
    let bytes = 0;
    for (const row of this.#read.iterate(job, after)) {
      const entry = toEntry(row);
      if (read.length > 0 && bytes + entry.body.length > maxBytes) break;
      bytes += entry.body.length;
      read.push(entry);
    }
    return read;
  }

  trim(...[job, upTo, keysBefore]: Arguments<"trimSpool">): void {
    const before = this.#state(job);
    if (before.lastId === null) return;
    const { bytes, entries } = this.#measure.get(job, upTo) ?? {};
    this.#drop.run(job, upTo);
    this.#forget.run(job, keysBefore, upTo);
    this.#keep(job, trimmed(before, upTo, { bytes: int(bytes), entries: int(entries) }));
  }

  size(job: string): Outcome<"spoolSize"> {
    const { bytes, entries, dropped } = this.#state(job);
    return { bytes, entries, dropped };
  }

  #state(job: string): SpoolState {
    const row = this.#find.get(job);
    if (row === undefined) return NEW_SPOOL;
    const { last_id: lastId, bytes, entries, dropped } = row;
    return { lastId: idOf(lastId), bytes: int(bytes), entries: int(entries), dropped: idOf(dropped) };
  }

  #keep(job: string, { lastId, bytes, entries, dropped }: SpoolState): void {
    this.#put.run(job, lastId, bytes, entries, dropped);
  }

  #insert(job: string, { id, entry: { key, body, receivedAt } }: AdmittedEntry): void {
    this.#addEntry.run(job, id, receivedAt, body);
    if (key !== null) this.#addKey.run(job, key, id, receivedAt);
  }
}

function idOf(value: Row[string] | undefined): bigint {
  return BigInt(text(value));
}

function toEntry(row: Row): SpooledEntry {
  const { id, body, received_at: receivedAt } = row;
  return {
    id: idOf(id),
    body: body instanceof Uint8Array ? body : new Uint8Array(),
    receivedAt: int(receivedAt),
  };
}
