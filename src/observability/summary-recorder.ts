/** Gathers from a run's events what its summary needs. */
import { availableParallelism } from "node:os";
import { addCounts, type Counts, isBalanced, NO_COUNTS } from "../core/ledger.ts";
import type { Observer, RunEvent } from "../core/ports/observer.ts";
import type { BreakerPause, RunSummary } from "../core/summary.ts";
import { STAGES, type StageName, type StageTimes } from "../core/timing.ts";
import { totalLag } from "./lag-trend.ts";
import { connectorOf, findBottleneck } from "./bottleneck.ts";
import { BreakerWatch } from "./breaker-watch.ts";
import type { ProcessFigures } from "./process-meter.ts";
import { RejectGroups } from "./reject-groups.ts";
import { RetryGroups } from "./retry-groups.ts";

type StageTable = { readonly [S in StageName]: StageTimes };

/** What a run's end adds to what its events told. */
export interface RunEnd {
  readonly job: string;
  readonly run: string;
  readonly state: RunSummary["state"];
  readonly error: RunSummary["error"];
  readonly durationMs: number;
  readonly process: ProcessFigures;
}

const NO_TIMES: StageTimes = { busyMs: 0, waitInputMs: 0, waitOutputMs: 0 };

/**
 * A subscriber that adds up; `snapshot` makes the summary of it, at the end or in between.
 *
 * @example
 * const recorder = new SummaryRecorder();
 * await run({ observers: [recorder.observe] });
 * const summary = recorder.snapshot({ job, run, state: "succeeded", error: null, durationMs, process: meter.figures() });
 */
export class SummaryRecorder {
  /** The subscriber; bound, so it can be handed over by itself. */
  readonly observe: Observer = (event) => this.#take(event);
  readonly #sinks = new Map<string, Counts>();
  /** What each sink held of this run before this process added to it. */
  readonly #before = new Map<string, Counts>();
  readonly #rejects = new RejectGroups();
  #started: (RunEvent & { kind: "run-started" }) | undefined;
  readonly #retries = new RetryGroups();
  readonly #breakers = new BreakerWatch();
  #restarts = 0;
  #lag: number | null = null;
  #bytesRead = 0;
  #chunkBytes: { min: number; max: number; last: number } | undefined;
  #stages: StageTable = stageTable(() => NO_TIMES);
  #busiestSink: string | undefined;

  /** The run's summary as far as it is told. */
  snapshot(end: RunEnd): RunSummary {
    const { job, run, state, error, durationMs } = end;
    const sinks = this.#totals();
    const slowest = fewestWritten(sinks);
    const { bytes: _bytes, ...top } = sinks[slowest] ?? NO_COUNTS;
    const breakers = this.#breakers.list((this.#started?.at ?? 0) + durationMs);
    const readHere = top.read - (this.#before.get(slowest)?.read ?? 0);
    return {
      job,
      run,
      state,
      ...top,
      balanced: Object.values(sinks).every(isBalanced),
      sinks,
      resumed: this.#started?.resumed != null,
      retries: this.#retries.count,
      retryReasons: this.#retries.list(),
      restarts: this.#restarts,
      ...(breakers.length === 0 ? {} : { breakers }),
      lag: this.#lag,
      durationMs: Math.round(durationMs),
      recordsPerSecond: durationMs > 0 ? Math.round((readHere * 1_000) / durationMs) : 0,
      bytesRead: this.#bytesRead,
      ...end.process,
      chunkBytes: this.#chunkBytes ?? { min: 0, max: 0, last: 0 },
      stages: this.#stages,
      bottleneck: this.#bottleneck(durationMs, breakers),
      rejects: this.#rejects.list(),
      error,
    };
  }

  #take(event: RunEvent): void {
    this.#rejects.take(event);
    this.#breakers.take(event);
    switch (event.kind) {
      case "run-started":
        this.#started = event;
        return;
      case "sink-opened":
        if (!this.#before.has(event.sink)) this.#before.set(event.sink, event.counts);
        this.#sinks.set(event.sink, event.counts);
        return;
      case "chunk-cut":
        return this.#measure(event.bytes);
      case "chunk-done":
        this.#bytesRead += event.bytes;
        return;
      case "unit-committed":
        this.#sinks.set(event.sink, addCounts(this.#sinks.get(event.sink) ?? NO_COUNTS, event.added));
        return;
      case "retrying":
        return this.#retries.add(event);
      case "restarting":
        this.#restarts++;
        return;
      case "lagging":
        this.#lag = totalLag(event.records);
        return;
      case "sampled":
        this.#stages = event.stages;
        this.#busiestSink = event.busiestSink;
        return;
      default:
    }
  }

  #measure(bytes: number): void {
    const { min, max } = this.#chunkBytes ?? { min: bytes, max: bytes };
    this.#chunkBytes = { min: Math.min(min, bytes), max: Math.max(max, bytes), last: bytes };
  }

  /** Every sink of the run, also one that has not committed anything yet. */
  #totals(): { [name: string]: Counts } {
    const names = new Set([...Object.keys(this.#started?.sinks ?? {}), ...this.#sinks.keys()]);
    return Object.fromEntries([...names].map((name) => [name, this.#sinks.get(name) ?? NO_COUNTS]));
  }

  #bottleneck(durationMs: number, breakers: readonly BreakerPause[]): RunSummary["bottleneck"] {
    if (this.#started === undefined) return null;
    const { source, sinks, transform, threads } = this.#started;
    const sink = this.#busiestSink ?? Object.keys(sinks)[0] ?? "";
    return findBottleneck({
      stages: this.#stages,
      durationMs,
      threads,
      cores: availableParallelism(),
      source: connectorOf(source),
      sink: connectorOf(sinks[sink] ?? ""),
      ...(this.#busiestSink === undefined ? {} : { sinkName: sink }),
      sinkPausedMs: breakers.find((pause) => pause.sink === sink)?.openMs ?? 0,
      transform: transform !== null,
    });
  }
}

function stageTable(times: (stage: StageName) => StageTimes): StageTable {
  return Object.fromEntries(STAGES.map((stage) => [stage, times(stage)])) as unknown as StageTable;
}

/** The sink that has written least, or '' if there is none. */
function fewestWritten(sinks: { readonly [name: string]: Counts }): string {
  const names = Object.keys(sinks).sort((a, b) => (sinks[a]?.written ?? 0) - (sinks[b]?.written ?? 0));
  return names[0] ?? "";
}
