/** Which entries a spool takes, and under which ids: the one rule of all stores. */
import type { SpoolEntry, SpoolLimits, SpoolOutcome, SpoolSize } from "../core/ports/spool.ts";

/** Ids of a new spool begin at the microsecond of its first entry, so many of them a millisecond. */
const IDS_PER_MS = 1000;

/** A spool as it is kept. */
export interface SpoolState extends SpoolSize {
  /** The id that was given last; null: the spool is new. */
  readonly lastId: bigint | null;
}

/** An entry that is taken. */
export interface AdmittedEntry {
  readonly id: bigint;
  readonly entry: SpoolEntry;
}

/** What came of entries. */
export interface Admission {
  /** One an entry. */
  readonly outcomes: readonly SpoolOutcome[];
  readonly admitted: readonly AdmittedEntry[];
  readonly after: SpoolState;
}

/**
 * Decides about entries, one after the other.
 *
 * Ids go on from the last one. A new spool begins at the time, for its store may stand in for one that was lost: an id
 * that a sink's position has passed must not be given again, or the entry would never be read.
 *
 * @param isKnown whether an entry was added under a key before
 */
export function admit(
  entries: readonly SpoolEntry[],
  limits: SpoolLimits,
  before: SpoolState,
  isKnown: (key: string) => boolean,
): Admission {
  const outcomes: SpoolOutcome[] = [];
  const admitted: AdmittedEntry[] = [];
  const keys = new Set<string>();
  let { bytes, entries: count, lastId } = before;
  for (const entry of entries) {
    const { key, body, receivedAt } = entry;
    if (key !== null && (keys.has(key) || isKnown(key))) {
      outcomes.push("known");
    } else if (count + 1 > limits.entries || bytes + body.length > limits.bytes) {
      outcomes.push("full");
    } else {
      lastId = lastId === null ? firstId(receivedAt) : lastId + 1n;
      bytes += body.length;
      count++;
      if (key !== null) keys.add(key);
      admitted.push({ id: lastId, entry });
      outcomes.push("added");
    }
  }
  return { outcomes, admitted, after: { ...before, bytes, entries: count, lastId } };
}

/** What a spool is once entries up to one were dropped. @param gone what went with them */
export function trimmed(before: SpoolState, upTo: bigint, gone: Pick<SpoolSize, "bytes" | "entries">): SpoolState {
  const last = before.lastId ?? 0n;
  const reached = upTo < last ? upTo : last;
  return {
    ...before,
    bytes: before.bytes - gone.bytes,
    entries: before.entries - gone.entries,
    dropped: reached > before.dropped ? reached : before.dropped,
  };
}

/** A spool that nothing was ever added to. */
export const NEW_SPOOL: SpoolState = { lastId: null, bytes: 0, entries: 0, dropped: 0n };

function firstId(receivedAt: number): bigint {
  return BigInt(Math.max(1, Math.round(receivedAt * IDS_PER_MS)));
}
