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
  const given = { places, ...options };
  const shelves = new Set(places.shelves.values());
  if (places.file !== null) {
    await settleFile(given);
    // The copies go first: a copy of what nothing was refused of would take its line out of the file the next time.
    await dropTaken(shelves, options);
  }
  for (const shelf of shelves) await settleAgain(shelf, given);
  await dropTaken(shelves, options);
}

async function dropTaken(
  shelves: ReadonlySet<RejectShelf>,
  { job, replay }: Pick<SettleOptions, "job" | "replay">,
): Promise<void> {
  for (const shelf of shelves) await shelf.settleRejects({ job, dropTakenBy: replay });
}

/** Gives what was refused again in this place the key of what it was before. */
async function settleAgain(shelf: RejectShelf, options: SettleOptions): Promise<void> {
  const { job, replay, scope, places } = options;
  // Later the same rejects may be another replay's, or gone because they went through.
  const unless = { replay, step: "settled" } as const;
  for await (const page of pagesOf(shelf, { job, scope })) {
    const drop = page.map(({ id }) => id);
    // A file has been written anew by now; what was copied out of it goes with the rest of what was taken.
    const puts = places.file === null ? await finalOf(page, options) : [];
    const byPlace = Map.groupBy(puts, ({ sink }) => places.shelfOf(sink));
    for (const [place, put] of byPlace) if (place !== shelf) await place.settleRejects({ job, unless, put });
    await shelf.settleRejects({ job, unless, drop, put: byPlace.get(shelf) ?? [] });
  }
}

/** The file gets the same, in one step. */
async function settleFile(options: SettleOptions): Promise<void> {
  const { job, replay, scope, places } = options;
  const becomes = new Map<string, readonly Reject[]>();
  const shelf = places.shelfOf(undefined);
  for (const place of new Set([shelf, ...places.shelves.values()])) {
    for await (const page of pagesOf(place, { job, takenBy: replay })) {
      for (const reject of page) becomes.set(keyOf(reject), []);
    }
  }
  for (const place of new Set(places.shelves.values())) {
    for await (const page of pagesOf(place, { job, scope })) {
      for (const { origin, final } of await withOrigins(page, options)) {
        // What all sinks lacked, several may have refused.
        const key = keyOf(origin);
        becomes.set(key, [...(becomes.get(key) ?? []), final]);
      }
    }
  }
  await places.file?.rewrite(replay, (reject) => becomes.get(keyOf(reject)) ?? [reject]);
}

async function finalOf(page: readonly StoredReject[], options: SettleOptions): Promise<Reject[]> {
  return (await withOrigins(page, options)).map(({ final }) => final);
}

interface Again {
  readonly origin: StoredReject;
  readonly final: Reject;
}

/**
 * A record that was refused again bears in its token the number that it has in its place. One that is not taken any more
 * was put there by an earlier try.
 */
async function withOrigins(
  page: readonly StoredReject[],
  { job, replay, splits }: SettleOptions,
): Promise<readonly Again[]> {
  const found: Again[] = [];
  for (const [id, again] of Map.groupBy(page, ({ split }) => split)) {
    const reader = splits.find((split) => split.id === id)?.reader;
    if (reader === undefined) continue;
    const ids = again.map(({ position }) => Number(position.token));
    const origins = new Map<number, StoredReject>();
    for await (const some of pagesOf(reader, { job, ids, takenBy: replay }))
      for (const one of some) origins.set(one.id, one);
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
