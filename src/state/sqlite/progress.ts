/** The table of positions, and the compare-and-set that every exactly-once promise rests on. */
import type { DatabaseSync } from "node:sqlite";
import type { Counts } from "../../core/ledger.ts";
import type { Advance, Claim, Progress } from "../../core/ports/sink.ts";
import type { Position, ProgressKey } from "../../core/position.ts";
import { NO_COUNTS } from "../../core/ledger.ts";
import { fenced } from "../faults.ts";
import type { Outcome } from "../operations.ts";
import { type Row, int, text } from "./row.ts";

const KEY = "job = ? AND scope = ? AND sink = ?";

/** Positions by job, scope, sink and split. */
export class ProgressTable {
  readonly #now: () => number;
  readonly #find;
  readonly #list;
  readonly #listAll;
  readonly #put;
  readonly #raise;
  readonly #advance;
  readonly #forgottenEpoch;
  readonly #remember;
  readonly #delete;

  /** @param now wall-clock milliseconds, for `updated_at` */
  constructor(database: DatabaseSync, now: () => number) {
    this.#now = now;
    this.#find = database.prepare(`SELECT * FROM progress WHERE ${KEY} AND split = ?`);
    this.#list = database.prepare(`SELECT * FROM progress WHERE ${KEY} ORDER BY split`);
    this.#listAll = database.prepare("SELECT * FROM progress WHERE job = ? ORDER BY scope, sink, split");
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO progress
         (job, scope, sink, split, epoch, ordinal, token, line,
          read, written, filtered, rejected, folded, emitted, bytes, updated_at, fingerprint)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#raise = database.prepare(`UPDATE progress SET epoch = epoch + 1, updated_at = ? WHERE ${KEY} AND split = ?`);
    this.#advance = database.prepare(
      `UPDATE progress SET ordinal = ?, token = ?, line = ?,
         read = ?, written = ?, filtered = ?, rejected = ?, folded = ?, emitted = ?, bytes = ?, updated_at = ?
       WHERE ${KEY} AND split = ? AND epoch = ? AND ordinal = ?`,
    );
    this.#forgottenEpoch = database.prepare("SELECT epoch FROM forgotten WHERE job = ? AND scope = ?");
    this.#remember = database.prepare(
      `INSERT INTO forgotten (job, scope, epoch)
       SELECT job, scope, max(epoch) FROM progress WHERE job = ? AND scope = ? GROUP BY job, scope
       ON CONFLICT (job, scope) DO UPDATE SET epoch = max(epoch, excluded.epoch)`,
    );
    this.#delete = database.prepare("DELETE FROM progress WHERE job = ?1 AND scope = ?2 AND (?3 IS NULL OR sink = ?3)");
  }

  claim(key: ProgressKey, claims: readonly Claim[]): readonly Progress[] {
    return claims.map((claim) => this.#claimOne(key, claim));
  }

  list(key: ProgressKey, splits?: readonly string[]): readonly Progress[] {
    if (splits === undefined) return this.#list.all(key.job, key.scope, key.sink).map(toProgress);
    return splits.map((split) => this.#stored(key, split)).filter((progress) => progress !== undefined);
  }

  listAll(job: string): Outcome<"listPositions"> {
    return this.#listAll.all(job).map((row) => ({
      ...toProgress(row),
      scope: text(row["scope"]),
      sink: text(row["sink"]),
      updatedAt: new Date(int(row["updated_at"])).toISOString(),
    }));
  }

  /** @throws MillraceError FENCED at the first compare that misses; what was set before it is the caller's to undo */
  advance(key: ProgressKey, advances: readonly Advance[]): void {
    const at = this.#now();
    for (const advance of advances) {
      const { to, counts, split, epoch, from } = advance;
      const set = [...positionValues(to), ...countValues(counts), at];
      const { changes } = this.#advance.run(...set, key.job, key.scope, key.sink, split, epoch, from);
      if (Number(changes) !== 1) throw fenced(key, advance, this.#stored(key, split));
    }
  }

  mirror(key: ProgressKey, progress: readonly Progress[]): void {
    for (const one of progress) this.#store(key, one);
  }

  /** @param sink null: all */
  forget(job: string, scope: string, sink: string | null): void {
    this.#remember.run(job, scope);
    this.#delete.run(job, scope, sink);
  }

  #claimOne(key: ProgressKey, { split, origin, fingerprint }: Claim): Progress {
    const { changes } = this.#raise.run(this.#now(), key.job, key.scope, key.sink, split);
    const raised = Number(changes) === 0 ? undefined : this.#stored(key, split);
    if (raised !== undefined) return raised;
    const epoch = int(this.#forgottenEpoch.get(key.job, key.scope)?.["epoch"] ?? 0) + 1;
    const made = { split, epoch, position: origin, counts: NO_COUNTS };
    const progress = fingerprint === undefined ? made : { ...made, fingerprint };
    this.#store(key, progress);
    return progress;
  }

  #store(key: ProgressKey, { split, epoch, position, counts, fingerprint }: Progress): void {
    const values = [...positionValues(position), ...countValues(counts), this.#now(), fingerprint ?? null];
    this.#put.run(key.job, key.scope, key.sink, split, epoch, ...values);
  }

  #stored(key: ProgressKey, split: string): Progress | undefined {
    const row = this.#find.get(key.job, key.scope, key.sink, split);
    return row === undefined ? undefined : toProgress(row);
  }
}

function positionValues({ ordinal, token, line }: Position) {
  return [ordinal, token, line ?? null] as const;
}

function countValues({ read, written, filtered, rejected, folded, emitted, bytes }: Counts) {
  return [read, written, filtered, rejected, folded, emitted, bytes] as const;
}

function toProgress(row: Row): Progress {
  const { line, fingerprint } = row;
  const place = { ordinal: BigInt(text(row["ordinal"])), token: text(row["token"]) };
  const progress = {
    split: text(row["split"]),
    epoch: int(row["epoch"]),
    position: line === null ? place : { ...place, line: int(line) },
    counts: {
      read: int(row["read"]),
      written: int(row["written"]),
      filtered: int(row["filtered"]),
      rejected: int(row["rejected"]),
      folded: int(row["folded"]),
      emitted: int(row["emitted"]),
      bytes: int(row["bytes"]),
    },
  };
  return fingerprint === null ? progress : { ...progress, fingerprint: text(fingerprint) };
}
