/** The splits of a replay: for each split of the source, and each sink that alone lacks its records, the rejects of it. */
import type { RejectReader } from "../../core/ports/reject-shelf.ts";
import type { RejectPlaces } from "./reject-places.ts";

/** One of them. */
export interface ReplaySplit {
  readonly id: string;
  /** The split of the source whose records they are. */
  readonly split: string;
  /** The sink that alone lacks them; undefined: all do. */
  readonly sink: string | undefined;
  readonly reader: RejectReader;
  /** Number of the first one in its place. */
  readonly first: number;
}

/**
 * The splits of what a replay has taken, in the order of their names.
 *
 * @param several whether the job has more than one sink: of one sink all rejects are alike
 */
export async function replaySplits(
  { shelves, shelfOf }: RejectPlaces,
  { job, replay, several }: { readonly job: string; readonly replay: string; readonly several: boolean },
): Promise<readonly ReplaySplit[]> {
  const splits = new Map<string, ReplaySplit>();
  for (const reader of new Set([shelfOf(undefined), ...shelves.values()])) {
    for (const { split, sink, first } of await reader.groupRejects({ job, takenBy: replay })) {
      const alone = several ? sink : undefined;
      const id = alone === undefined ? split : `${split} -> ${alone}`;
      const known = splits.get(id);
      if (known === undefined || first < known.first) splits.set(id, { id, split, sink: alone, reader, first });
    }
  }
  return [...splits.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
