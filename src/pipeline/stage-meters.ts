/** The meters of a run's stages, kept over restarts. */
import { StageMeter } from "../actors/stage-meter.ts";
import type { Clock } from "../core/clock.ts";
import { STAGES, type StageName, type StageTimes } from "../core/timing.ts";

/** One meter a stage. */
export type StageMeters = { readonly [S in StageName]: StageMeter };

/** Meters that stand at zero. */
export function stageMeters(clock: Clock): StageMeters {
  return Object.fromEntries(STAGES.map((stage) => [stage, new StageMeter(clock)])) as unknown as StageMeters;
}

/** What the meters say. The threads' time is given per thread, so that a stage's share of a run is at most 1. */
export function stageTimes(meters: StageMeters, threads: number): { readonly [S in StageName]: StageTimes } {
  const { source, chunker, workers, aggregator, sink } = meters;
  const { busyMs, waitInputMs, waitOutputMs } = workers.times;
  return {
    source: source.times,
    chunker: chunker.times,
    workers: { busyMs: busyMs / threads, waitInputMs, waitOutputMs },
    aggregator: aggregator.times,
    sink: sink.times,
  };
}
