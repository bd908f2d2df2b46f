/** Drops what of a job's history need not be kept any longer: in the state store, and in sinks that keep some with the data. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { Pruned, Retention } from "../core/ports/retention.ts";
import type { BoundSink } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";

/** Runs, and rejects, that go in one transaction: others wait for it. */
const BATCH = 5_000;
/** How long a run's end may be held up, milliseconds; what is left over goes with the next run. */
const PATIENCE_MS = 10_000;

/** What of a job tells how long its history is kept, and where it is. */
export interface History {
  readonly plan: { readonly job: Pick<Job, "name" | "retention"> };
  readonly sinks: ReadonlyMap<string, Pick<BoundSink, "prune">>;
}

/**
 * Works at the end of a run, while its lease keeps others of the job away. Never rejects: what could not be dropped now
 * is dropped by the next run.
 */
export async function applyRetention(
  { state, clock }: { readonly state: StateStore; readonly clock: Clock },
  { plan: { job }, sinks }: History,
): Promise<void> {
  const { runsMs, rejectsMs, rejectBytes } = job.retention;
  const before = (ms: number): string => new Date(Math.max(0, clock.now() - ms)).toISOString();
  const retention = { runsBefore: before(runsMs), rejectsBefore: before(rejectsMs), rejectBytes, limit: BATCH };
  const until = clock.monotonic() + PATIENCE_MS;
  const isOver = async (run: string): Promise<boolean> => {
    const row = await state.findRun(run);
    return row === undefined || row.state === "succeeded";
  };
  const places: ((retention: Retention) => Promise<Pruned>)[] = [(keep) => state.prune(job.name, keep)];
  for (const sink of sinks.values()) {
    if (sink.prune !== undefined) places.push(async (keep) => (await sink.prune?.(job.name, keep, isOver)) ?? NOTHING);
  }
  for (const prune of places)
    await pruneAll(
      () => prune(retention),
      () => clock.monotonic() < until,
    );
}

const NOTHING: Pruned = { runs: 0, rejects: 0 };

async function pruneAll(prune: () => Promise<Pruned>, isTime: () => boolean): Promise<void> {
  try {
    for (let goesOn = isTime(); goesOn; ) {
      const { runs, rejects, slots = 0 } = await prune();
      goesOn = runs + rejects + slots > 0 && isTime();
    }
  } catch {
    // The run itself is written down; the place will be asked again.
  }
}
