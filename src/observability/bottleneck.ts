/** Which stage limits a run, and what to do about it. */
import { formatDuration } from "../core/quantity.ts";
import type { Bottleneck, BottleneckKind } from "../core/summary.ts";
import { STAGES, type StageName, type StageTimes } from "../core/timing.ts";

/** What is known of a run when its bottleneck is asked for. */
export interface BottleneckQuestion {
  readonly stages: { readonly [S in StageName]: StageTimes };
  readonly durationMs: number;
  /** Threads of the workers stage; its times are the mean over them. */
  readonly threads: number;
  /** Cores that the process may use. */
  readonly cores: number;
  /** Type of the source's connector: `file`, `postgres`, ... */
  readonly source: string;
  /** Type of the sink's connector; of several sinks the busiest one's. */
  readonly sink: string;
  /** Which of several sinks it is. */
  readonly sinkName?: string;
  /** How long its breaker was open, in milliseconds. */
  readonly sinkPausedMs?: number;
  /** Whether user code runs over the records. */
  readonly transform: boolean;
}

/** From this share of the time on, a breaker that was open is what held the sink up. */
const PAUSED_SHARE = 0.25;
/** A stage that is busy for less than this share of the time limits nothing. */
const LIMITING_SHARE = 0.5;

/**
 * The busiest stage, if it was busy for at least half of the run; null when nothing stands out. A stage waits for its
 * neighbours or works; the one that hardly waits is the one that the others wait for. A transform in mode async may
 * hold the others up without working.
 *
 * The threads report decoding, user code and encoding as one time, so their kind is `cpu` also where the user's transform is slow.
 */
export function findBottleneck(question: BottleneckQuestion): Bottleneck | null {
  const { stages, durationMs } = question;
  if (durationMs <= 0) return null;
  let busiest: { stage: StageName; busy: number } | null = null;
  for (const stage of STAGES) {
    // two lanes of a stage may work at the same time, so its time may pass the run's
    const busy = Math.min(1, stages[stage].busyMs / durationMs);
    if (busy > (busiest?.busy ?? 0)) busiest = { stage, busy };
  }
  if (busiest !== null && busiest.busy >= LIMITING_SHARE) return { ...busiest, ...judge(busiest.stage, question) };
  return transformWaits(question) ? waitingTransform(question) : null;
}

/** Nobody works, but the source waits to be read from and the sink to be written to: what is between them waits, too. */
function transformWaits({ stages: { source, sink }, durationMs, transform }: BottleneckQuestion): boolean {
  const long = durationMs * LIMITING_SHARE;
  return transform && source.waitOutputMs >= long && sink.waitInputMs >= long;
}

function waitingTransform({ stages: { workers }, durationMs }: BottleneckQuestion): Bottleneck {
  const advice = "the transform waits for what it asks; a larger `transform.concurrency` has more under way";
  return { stage: "workers", kind: "transform", busy: Math.min(1, workers.busyMs / durationMs), advice };
}

/** The connector's type that a label for people begins with: `postgres orders`; a path stands for a file. */
export function connectorOf(label: string): string {
  const word = /^(?:postgres|kafka|http|webhook)\b/.exec(label)?.[0];
  return word ?? "file";
}

interface Judgement {
  readonly kind: BottleneckKind;
  readonly advice: string;
}

function judge(stage: StageName, question: BottleneckQuestion): Judgement {
  switch (stage) {
    case "source":
      return judgeSource(question.source);
    case "workers":
      return judgeWorkers(question);
    case "sink":
      return named(judgeSink(question), question);
    case "chunker":
    case "aggregator":
      return {
        kind: "cpu",
        advice: "the main thread is the limit; larger chunks (`chunk: { size: 4MiB }`) give it fewer steps",
      };
  }
}

function named(judgement: Judgement, { sinkName }: BottleneckQuestion): Judgement {
  return sinkName === undefined ? judgement : { ...judgement, advice: `${sinkName}: ${judgement.advice}` };
}

function judgeSource(type: string): Judgement {
  if (type === "file") {
    return { kind: "io", advice: "the disk under the source is the limit; nothing else waits for more threads" };
  }
  return { kind: "source", advice: `the ${type} source is the limit; nothing else waits for more threads` };
}

function judgeWorkers({ threads, cores, transform }: BottleneckQuestion): Judgement {
  if (threads < cores - 1) {
    return { kind: "cpu", advice: `the threads are the limit; \`workers: ${cores - 1}\` would use the idle cores` };
  }
  const cheaper = transform ? "a cheaper transform or more cores help" : "more cores help";
  return { kind: "cpu", advice: `the threads are the limit and use all cores; ${cheaper}` };
}

function judgeSink({ sink, threads, durationMs, sinkPausedMs = 0 }: BottleneckQuestion): Judgement {
  if (sinkPausedMs >= durationMs * PAUSED_SHARE) {
    const paused = formatDuration(sinkPausedMs);
    return { kind: "io", advice: `the ${sink} sink was paused for ${paused} because its server failed (breaker)` };
  }
  if (sink === "postgres") {
    const remedy = threads > 1 ? "`workers: 1` is enough here" : "more threads would not help";
    return { kind: "database", advice: `Postgres spends its time in COPY; ${remedy}` };
  }
  if (sink === "file") {
    return { kind: "io", advice: "the disk under the sink is the limit; more threads would not help" };
  }
  if (sink === "http") {
    const remedy = "a larger `concurrency` or `batch` keeps more under way";
    return { kind: "io", advice: `the http sink waits for its server; ${remedy}, more threads would not help` };
  }
  return { kind: "io", advice: `the ${sink} sink is the limit; more threads would not help` };
}
