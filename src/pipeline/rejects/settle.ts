/**
 * The end of a replay: what it wrote is no reject any more, and what was refused again stays where it was, with one more
 * attempt.
 *
 * All of it follows from what the run has committed: a record that was taken and is not among the rejects of the replay's
 * own scope went through. So nothing needs to be marked while the run works, and a crash anywhere in here is mended by
 * doing all of it once more.
 */
import type { RejectShelf, StoredReject } from "../../core/ports/reject-shelf.ts";
import type { Reject } from "../../core/reject.ts";
import { pagesOf, type RejectPlaces } from "./reject-places.ts";
import type { ReplaySplit } from "./replay-split.ts";

/** What is settled. */
export interface SettleOptions {
  readonly job: string;
  /** The replay's run, and its scope. */
  readonly replay: string;
  readonly scope: string;
  readonly places: RejectPlaces;
  readonly splits: readonly ReplaySplit[];
}

/** Settles a replay that has committed everything. @throws MillraceError whatever the places throw */
export async function settle({ places, ...options }: SettleOptions): Promise<void> {
  if (places.file !== null) await settleFile({ places, ...options });
  for (const shelf of new Set(places.shelves.values())) await settleAgain(shelf, { places, ...options });
  for (const shelf of new Set(places.shelves.values())) {
    await shelf.settleRejects({ job: options.job, dropTakenBy: options.replay });
  }
}

/** Gives what was refused again in this place the key of what it was before. */
async function settleAgain(shelf: RejectShelf, { job, scope, places, splits }: SettleOptions): Promise<void> {
  for await (const page of pagesOf(shelf, { job, scope })) {
    const drop = page.map(({ id }) => id);
    // A file has been written anew by now; what was copied out of it goes with the rest of what was taken.
    const puts = places.file === null ? await finalOf(page, job, splits) : [];
    const byPlace = Map.groupBy(puts, ({ sink }) => places.shelfOf(sink));
    for (const [place, put] of byPlace) if (place !== shelf) await place.settleRejects({ job, put });
    await shelf.settleRejects({ job, drop, put: byPlace.get(shelf) ?? [] });
  }
}

/** The file gets the same, in one step. */
async function settleFile({ job, replay, scope, places, splits }: SettleOptions): Promise<void> {
  const becomes = new Map<string, Reject | null>();
  const shelf = places.shelfOf(undefined);
  for (const place of new Set([shelf, ...places.shelves.values()])) {
    for await (const page of pagesOf(place, { job, takenBy: replay })) {
      for (const reject of page) becomes.set(keyOf(reject), null);
    }
  }
  for (const place of new Set(places.shelves.values())) {
    for await (const page of pagesOf(place, { job, scope })) {
      for (const again of await withOrigins(page, job, splits)) becomes.set(keyOf(again.origin), again.final);
    }
  }
  await places.file?.rewrite(replay, (reject) => {
    const next = becomes.get(keyOf(reject));
    return next === undefined ? reject : next;
  });
}

async function finalOf(page: readonly StoredReject[], job: string, splits: readonly ReplaySplit[]): Promise<Reject[]> {
  return (await withOrigins(page, job, splits)).map(({ final }) => final);
}

interface Again {
  readonly origin: StoredReject;
  readonly final: Reject;
}

/** A record that was refused again bears in its token the number that it has in its place. */
async function withOrigins(
  page: readonly StoredReject[],
  job: string,
  splits: readonly ReplaySplit[],
): Promise<readonly Again[]> {
  const found: Again[] = [];
  for (const [id, again] of Map.groupBy(page, ({ split }) => split)) {
    const reader = splits.find((split) => split.id === id)?.reader;
    if (reader === undefined) continue;
    const ids = again.map(({ position }) => Number(position.token));
    const origins = new Map<number, StoredReject>();
    for await (const some of pagesOf(reader, { job, ids })) for (const one of some) origins.set(one.id, one);
    for (const reject of again) {
      const origin = origins.get(Number(reject.position.token));
      if (origin !== undefined) found.push({ origin, final: finallyOf(origin, reject) });
    }
  }
  return found;
}

/** The record is what and where it was; why it was refused is new. One that only one sink lacks stays that sink's. */
function finallyOf({ id: _id, takenBy: _taken, output: _output, ...origin }: StoredReject, again: Reject): Reject {
  const { stage, code, message, output, at } = again;
  const sink = again.sink ?? origin.sink;
  return {
    ...origin,
    stage,
    ...(sink === undefined ? {} : { sink }),
    ...(output === undefined ? {} : { output }),
    code,
    message,
    attempts: origin.attempts + 1,
    at,
  };
}

function keyOf({ scope, split, position, sink, output }: Reject): string {
  return JSON.stringify([scope, split, position.token, sink ?? "", output ?? ""]);
}
