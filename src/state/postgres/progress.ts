/** The table of positions, and the compare-and-set that every exactly-once promise rests on. */
import type { Advance, Progress } from "../../core/ports/sink.ts";
import type { ProgressKey } from "../../core/position.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import { listPositions, moveSplits, raiseEpochs, selectSettled } from "../../postgres/progress.ts";
import { fenced, wordsFenced } from "../faults.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { lockScope } from "./sql.ts";

/** Positions by job, scope, sink and split. */
export class ProgressTable {
  readonly #connection: Connection;
  readonly #schema: string;

  constructor(connection: Connection, schema: string) {
    this.#connection = connection;
    this.#schema = schema;
  }

  async claim(...[key, claims]: Arguments<"claim">): Promise<Outcome<"claim">> {
    const { job, scope } = key;
    if (claims.length === 0) return [];
    await lockScope(this.#connection, this.#schema, job, scope);
    const { rows } = await this.#connection.query(
      `SELECT epoch::text AS epoch FROM ${this.#table("forgotten")} WHERE job = $1 AND scope = $2`,
      [job, scope],
    );
    const firstEpoch = Number(rows[0]?.["epoch"] ?? 0) + 1;
    const claimed = bySplit(await raiseEpochs(this.#connection, this.#schema, key, claims, firstEpoch));
    return claims.flatMap(({ split }) => claimed.get(split) ?? []);
  }

  /** Waits for commits that touch them: one whose reply was lost may still be under way. */
  async list(key: ProgressKey, splits?: readonly string[]): Promise<readonly Progress[]> {
    const stored = await selectSettled(this.#connection, this.#schema, key, splits);
    if (splits === undefined) return stored;
    const named = bySplit(stored);
    return splits.flatMap((split) => named.get(split) ?? []);
  }

  listAll(job: string): Promise<Outcome<"listPositions">> {
    return listPositions(this.#connection, this.#schema, job);
  }

  /**
   * Moves the splits of one unit.
   *
   * @param again an earlier attempt may have been committed: then all of it was, and everything stands where it led to.
   *   The epoch is this owner's alone, so nobody else can have brought it there.
   * @returns whether it was
   * @throws MillraceError FENCED when one compare misses
   */
  async advance(key: ProgressKey, advances: readonly Advance[], again: boolean): Promise<"moved" | "moved before"> {
    const steps = onePerSplit(key, advances);
    if (steps.length === 0) return "moved";
    const moved = await moveSplits(this.#connection, this.#schema, key, steps);
    const missed = steps.find(({ split }) => !moved.has(split));
    if (missed === undefined) return "moved";
    const names = steps.map(({ split }) => split);
    const stored = bySplit(await this.list(key, names));
    const there = ({ split, epoch, to }: Advance): boolean => {
      const found = stored.get(split);
      return found?.epoch === epoch && found.position.ordinal === to.ordinal && found.position.token === to.token;
    };
    if (again && moved.size === 0 && steps.every(there)) return "moved before";
    throw fenced(key, missed, stored.get(missed.split));
  }

  /** @throws MillraceError FENCED when the split is not at this epoch any more; else nobody claims it before the end */
  async assertOwned(...[{ key, split, epoch }]: [NonNullable<Arguments<"keepWords">[2]>]): Promise<void> {
    const [stored] = await this.list(key, [split]);
    if (stored?.epoch !== epoch) throw wordsFenced(key, split, epoch, stored?.epoch);
  }

  async mirror(...[{ job, scope, sink }, progress]: Arguments<"mirror">): Promise<void> {
    const latest = [...bySplit(progress).values()];
    await this.#connection.query(
      `INSERT INTO ${this.#table("progress")} AS p
         (job, scope, sink, split, epoch, ordinal, token, line, counts, origin, fingerprint)
       SELECT $1, $2, $3, r.split, r.epoch, r.ordinal, r.token, r.line, r.counts, '', r.fingerprint
       FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::jsonb[], $10::text[])
         AS r (split, epoch, ordinal, token, line, counts, fingerprint)
       ORDER BY r.split
       ON CONFLICT (job, scope, sink, split) DO UPDATE SET epoch = excluded.epoch, ordinal = excluded.ordinal,
         token = excluded.token, line = excluded.line, counts = excluded.counts, fingerprint = excluded.fingerprint,
         updated_at = now()`,
      [
        job,
        scope,
        sink,
        latest.map(({ split }) => split),
        latest.map(({ epoch }) => epoch),
        latest.map(({ position }) => position.ordinal),
        latest.map(({ position }) => position.token),
        latest.map(({ position }) => position.line ?? null),
        latest.map(({ counts }) => JSON.stringify(counts)),
        latest.map(({ fingerprint }) => fingerprint ?? null),
      ],
    );
  }

  /** @param sink undefined: all */
  async forget(job: string, scope: string, sink: string | undefined): Promise<void> {
    await lockScope(this.#connection, this.#schema, job, scope);
    await this.#connection.query(
      `INSERT INTO ${this.#table("forgotten")} AS f (job, scope, epoch)
       SELECT job, scope, max(epoch) FROM ${this.#table("progress")} WHERE job = $1 AND scope = $2 GROUP BY job, scope
       ON CONFLICT (job, scope) DO UPDATE SET epoch = greatest(f.epoch, excluded.epoch)`,
      [job, scope],
    );
    await this.#connection.query(
      `DELETE FROM ${this.#table("progress")} WHERE job = $1 AND scope = $2 AND ($3::text IS NULL OR sink = $3)`,
      [job, scope, sink ?? null],
    );
  }

  #table(name: "progress" | "forgotten"): string {
    return `${quoteIdentifier(this.#schema)}.${name}`;
  }
}

function bySplit(rows: readonly Progress[]): Map<string, Progress> {
  return new Map(rows.map((row) => [row.split, row]));
}

/** A statement moves each split once: steps that follow each other become one. */
function onePerSplit(key: ProgressKey, advances: readonly Advance[]): readonly Advance[] {
  const steps = new Map<string, Advance>();
  for (const advance of advances) {
    const before = steps.get(advance.split);
    if (before === undefined) steps.set(advance.split, advance);
    else steps.set(advance.split, joined(key, before, advance));
  }
  return [...steps.values()];
}

function joined(key: ProgressKey, before: Advance, next: Advance): Advance {
  const { split, epoch, to, counts } = before;
  if (next.epoch === epoch && next.from === to.ordinal) return { ...next, from: before.from };
  throw fenced(key, next, { split, epoch, position: to, counts });
}
