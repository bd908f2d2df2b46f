/** The meters of a run's stages, kept over restarts. */
import { StageMeter } from "../actors/stage-meter.ts";
import type { Clock } from "../core/clock.ts";
import type { StageName, StageTimes } from "../core/timing.ts";

/** One meter a stage, and one a sink. */
export interface StageMeters extends Readonly<Record<Exclude<StageName, "sink">, StageMeter>> {
  readonly sinks: ReadonlyMap<string, StageMeter>;
}

/** Where the time of a run's stages went. */
export interface MeteredStages {
  readonly stages: { readonly [S in StageName]: StageTimes };
  /** The sink whose times they are, if there are several. */
  readonly busiestSink?: string;
}

/** Meters that stand at zero. */
export function stageMeters(clock: Clock, sinks: Iterable<string>): StageMeters {
  return {
    source: new StageMeter(clock),
    chunker: new StageMeter(clock),
    workers: new StageMeter(clock),
    aggregator: new StageMeter(clock),
    sinks: new Map(Array.from(sinks, (name) => [name, new StageMeter(clock)])),
  };
}

/**
 * What the meters say. The threads' time is given per thread, and of several sinks the busiest one's, so that a stage's
 * share of a run is at most 1.
 */
export function meteredStages(meters: StageMeters, threads: number): MeteredStages {
  const { source, chunker, workers, aggregator } = meters;
  const { busyMs, waitInputMs, waitOutputMs } = workers.times;
  const sinks = Array.from(meters.sinks, ([name, meter]) => ({ name, times: meter.times }));
  const busiest = sinks.reduce((most, sink) => (sink.times.busyMs > most.times.busyMs ? sink : most));
  return {
    stages: {
      source: source.times,
      chunker: chunker.times,
      workers: { busyMs: busyMs / threads, waitInputMs, waitOutputMs },
      aggregator: aggregator.times,
      sink: busiest.times,
    },
    ...(sinks.length > 1 ? { busiestSink: busiest.name } : {}),
  };
}
