/**
 * What the first records of a split come to, counted again.
 *
 * Only totals are stored, so what they were at an earlier ordinal has to be found anew: the records are decoded and go
 * through the transform once more, as it is today, and nothing is written. What a sink's server had refused cannot be seen
 * that way; its rejects tell.
 */
import { MillraceError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import { type Counts, NO_COUNTS } from "../../core/ledger.ts";
import type { RejectFilter } from "../../core/ports/reject-shelf.ts";
import type { SplitPlan } from "../../core/ports/source.ts";
import type { Random } from "../../core/random.ts";
import type { Observer } from "../../core/ports/observer.ts";
import { SummaryRecorder } from "../../observability/summary-recorder.ts";
import { openMemoryStore } from "../../state/memory.ts";
import { dryPlan } from "../dry-run.ts";
import type { Head } from "../head-scan.ts";
import { headOnly } from "../limit-source.ts";
import { processWorld } from "../process-world.ts";
import type { RejectPlaces } from "../rejects/reject-places.ts";
import type { BoundPlan } from "../resolve.ts";
import { runBound } from "../run-bound.ts";

/** What is counted, and with what. */
export interface Recount {
  readonly bound: BoundPlan;
  readonly split: SplitPlan;
  readonly head: Head;
  readonly scope: string;
  readonly places: RejectPlaces;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * The counts of every sink behind the head of a split.
 *
 * @throws MillraceError whatever a run over these records would end with
 */
export async function recount(given: Recount): Promise<ReadonlyMap<string, Counts>> {
  const { sinks } = await tryAgain(given);
  const counted = new Map<string, Counts>();
  for (const [sink, counts] of Object.entries(sinks)) {
    counted.set(sink, withRefused(counts, await refusedBy(sink, given)));
  }
  return counted;
}

/** A run of its own that writes nothing, not even that it was. */
async function tryAgain({ bound, split, head, clock, random, signal }: Recount) {
  const { job } = bound.plan;
  await using state = openMemoryStore();
  const source = headOnly(bound.source, split, head);
  const recorder = new SummaryRecorder();
  const summary = await runBound({
    bound: dryPlan({ ...bound, source }, { rows: () => {}, rejects: () => {} }),
    identity: { job: job.name, slot: null, params: {} },
    wish: { restart: false, keepWritten: false, resume: null, acceptRejects: true, trigger: "manual" },
    world: processWorld(job, { clock, random, state }, {}),
    stops: { graceful: signal, kill: signal, confirm: async () => {} },
    recorder,
    observers: [recorder.observe satisfies Observer],
    figures: () => ({ peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 }),
  });
  if (summary.state === "succeeded" && summary.read === head.records) return summary;
  const { code = "ABORTED", message = "it was stopped" } = summary.error ?? {};
  throw new MillraceError(code, `counting the first ${head.records} records of ${split.id} again: ${message}`);
}

const PAGE = 1_000;

/** Records before the head's end that the sink itself had refused. */
async function refusedBy(sink: string, { bound, split, head, scope, places }: Recount): Promise<number> {
  const filter: RejectFilter = { job: bound.plan.job.name, scope, split: split.id, stage: "write", sink };
  const ordinals = new Set<bigint>();
  for (const { reader } of places.all) {
    for (let after = 0; ; ) {
      const page = await reader.listRejects({ ...filter, after, limit: PAGE });
      for (const { position } of page) if (position.ordinal < BigInt(head.records)) ordinals.add(position.ordinal);
      if (page.length < PAGE) break;
      after = page.at(-1)?.id ?? after;
    }
  }
  return ordinals.size;
}

/** A record that is refused writes at least one row less. */
function withRefused(counts: Counts, refused: number): Counts {
  const moved = Math.min(refused, counts.written);
  const { written, rejected, emitted } = counts;
  return {
    ...NO_COUNTS,
    ...counts,
    written: written - moved,
    rejected: rejected + moved,
    emitted: Math.max(0, emitted - moved),
  };
}
