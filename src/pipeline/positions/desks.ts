/** Opens the positions that lie with a job's data, sink by sink, without looking at tables or files. */
import type { Job } from "../../config/job.ts";
import { loadSink } from "../../connectors/catalog.ts";
import type { Clock } from "../../core/clock.ts";
import type { PositionDesk } from "../../core/ports/position-desk.ts";

/** What opening needs. */
export interface DeskContext {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * The desk of one sink; null where its positions live in the state store.
 *
 * @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED
 */
export async function openDesk(job: Job, sink: string, context: DeskContext): Promise<PositionDesk | null> {
  const options = job.sinks[sink];
  if (options === undefined) return null;
  const connector = await loadSink(options.type);
  return (await connector.positions?.(options, { ...context, name: sink, baseDir: job.baseDir })) ?? null;
}

/** The desks of all sinks that have one, by their names. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
export async function openDesks(
  job: Job,
  opened: AsyncDisposableStack,
  context: DeskContext,
): Promise<ReadonlyMap<string, PositionDesk>> {
  const desks = new Map<string, PositionDesk>();
  for (const sink of Object.keys(job.sinks)) {
    const desk = await openDesk(job, sink, context);
    if (desk !== null) desks.set(sink, opened.use(desk));
  }
  return desks;
}
