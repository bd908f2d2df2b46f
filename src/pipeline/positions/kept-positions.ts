/** All positions of a job, from wherever they live. */
import type { Job } from "../../config/job.ts";
import { MillraceError } from "../../core/errors.ts";
import type { KeptPosition } from "../../core/ports/position-desk.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { type DeskContext, openDesk } from "./desks.ts";

/** One position with the place that it was read from. */
export interface PlacedPosition extends KeptPosition {
  /** For people. */
  readonly place: string;
  /** The true one lives elsewhere, and this may be older. */
  readonly copy: boolean;
}

/** What is kept of a job. */
export interface JobPositions {
  readonly positions: readonly PlacedPosition[];
  /** Sinks whose own positions could not be read, and why. */
  readonly unread: readonly { readonly sink: string; readonly error: MillraceError }[];
}

/**
 * Reads the positions of a job; where a sink's database cannot be reached, the state store's copies.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT
 */
export async function keptPositions(job: Job, state: StateStore, context: DeskContext): Promise<JobPositions> {
  const inState = positionsInState(await state.listPositions(job.name), state);
  const positions: PlacedPosition[] = [];
  const unread: { sink: string; error: MillraceError }[] = [];
  for (const sink of Object.keys(job.sinks)) {
    const copies = inState.filter((position) => position.sink === sink);
    try {
      positions.push(...((await readDesk(job, sink, context)) ?? copies));
    } catch (thrown) {
      unread.push({ sink, error: MillraceError.from(thrown) });
      positions.push(...copies.map((copy) => ({ ...copy, copy: true })));
    }
  }
  // Of a sink that the job had before.
  positions.push(...inState.filter(({ sink }) => !Object.hasOwn(job.sinks, sink)));
  return { positions, unread };
}

/** What the state store alone knows, for a job whose file is not at hand. */
export function positionsInState(kept: readonly KeptPosition[], { label }: StateStore): readonly PlacedPosition[] {
  return kept.map((position) => ({ ...position, place: label, copy: false }));
}

async function readDesk(job: Job, sink: string, context: DeskContext): Promise<readonly PlacedPosition[] | null> {
  await using desk = await openDesk(job, sink, context);
  if (desk === null) return null;
  return (await desk.list(job.name)).map((position) => ({ ...position, place: desk.label, copy: false }));
}
