/** Turns one run's events into log entries: one for each thing worth a line, never one a chunk. */
import type { Counts } from "../core/ledger.ts";
import type { RunEvent } from "../core/ports/observer.ts";
import type { RunState } from "../core/ports/state-store.ts";
import type { StageName, StageTimes } from "../core/timing.ts";
import { connectorOf, findBottleneck } from "./bottleneck.ts";
import { LagTrend, totalLag } from "./lag-trend.ts";
import type { LogEntry, LogLevel } from "./log-entry.ts";
import { type Progress, ProgressTracker } from "./progress.ts";
import { redactFields } from "./redact-fields.ts";
import { RejectTally } from "./reject-tally.ts";

/** How often progress gets a line. */
export type ProgressEvery = { readonly everyMs: number } | { readonly everyRecords: number };

type Body = Omit<LogEntry, "at" | "job" | "run">;

/** Rejects of one kind get a line when the first is met and then at most this often, in milliseconds. */
const REJECTS_EVERY_MS = 10_000;

const LEVEL_OF_STATE = {
  running: "info",
  succeeded: "info",
  interrupted: "warn",
  rejected: "error",
  failed: "error",
} as const satisfies Record<RunState, LogLevel>;

/** Follows one run. */
export class RunLog {
  readonly #every: ProgressEvery | null;
  readonly #records: boolean;
  readonly #tracker = new ProgressTracker();
  readonly #rejects = new RejectTally(REJECTS_EVERY_MS);
  readonly #lagTrend = new LagTrend();
  #started: (RunEvent & { kind: "run-started" }) | undefined;
  #stages: { readonly [S in StageName]: StageTimes } | undefined;
  #busiestSink: string | undefined;
  #lag: number | null = null;
  #told = { at: 0, records: 0 };

  /**
   * @param every null: no lines about progress
   * @param records whether lines may show what is in records
   */
  constructor(every: ProgressEvery | null, records: boolean) {
    this.#every = every;
    this.#records = records;
  }

  /** The lines that an event is worth; most are worth none. */
  entries(event: RunEvent): LogEntry[] {
    this.#tracker.observe(event);
    const { at, job, run } = event;
    const bodies = [...this.#bodies(event), ...this.#progress(event)];
    return bodies.map((body) => ({ ...body, at, job, run, fields: redactFields(body.fields) }));
  }

  #bodies(event: RunEvent): Body[] {
    switch (event.kind) {
      case "run-started":
        return [this.#start(event)];
      case "split-started":
        return [{ level: "debug", message: "split started", fields: { split: event.split, bytes: event.bytes } }];
      case "split-ended":
        return [{ level: "debug", message: "split ended", fields: { split: event.split } }];
      case "sink-opened":
      case "chunk-cut":
      case "chunk-done":
        return [];
      case "unit-committed":
        return event.careful ? [carefulUnit(event)] : [];
      case "rejected":
        return this.#rejected(this.#rejects.add(event));
      case "sampled":
        this.#stages = event.stages;
        this.#busiestSink = event.busiestSink;
        return this.#rejected(this.#rejects.due(event.at));
      case "lagging":
        return this.#takeLag(event);
      case "run-ended":
        return [...this.#rejected(this.#rejects.rest()), this.#end(event)];
      default:
        return [troubleOf(event)];
    }
  }

  #rejected(groups: readonly Rejected[]): Body[] {
    return groups.map((group) => rejected(group, this.#records));
  }

  #takeLag({ at, records }: RunEvent & { kind: "lagging" }): Body[] {
    const lag = totalLag(records);
    this.#lag = lag;
    const fields = { records: lag, splits: records };
    const behind = this.#lagTrend.fallsBehind(at, lag);
    return [{ level: behind ? "warn" : "debug", message: behind ? "falling behind" : "lag", fields }];
  }

  #start(event: RunEvent & { kind: "run-started" }): Body {
    this.#started = event;
    const { source, sinks, transform, slot, trigger, threads, totalBytes, endless = false, resumed } = event;
    this.#told = { at: event.at, records: resumed?.read ?? 0 };
    const common = { slot, trigger, source, transform, sinks, threads, ...(!endless && { bytes: totalBytes }) };
    if (resumed === null) return { level: "info", message: "run started", fields: common, unlimited: true };
    const { split, token, read } = resumed;
    return { level: "info", message: "run resumed", fields: { ...common, split, token, read }, unlimited: true };
  }

  #end({ state, counts, sinks, durationMs, message, causes = [] }: RunEvent & { kind: "run-ended" }): Body {
    const { read, written, filtered, rejected: refused } = counts;
    const fields = {
      read,
      written,
      filtered,
      rejected: refused,
      ...(sinks === undefined ? {} : { sinks: Object.fromEntries(Object.entries(sinks).map(writtenOf)) }),
      seconds: Math.round(durationMs) / 1_000,
      ...(this.#lag === null ? {} : { lag: this.#lag }),
      bottleneck: this.#bottleneck(durationMs),
      ...(message === null ? {} : { error: message, ...causesOf({ causes }) }),
    };
    // To be stopped is how a run of a live source ends.
    if (state === "interrupted" && this.#started?.endless === true)
      return { level: "info", message: "run stopped", fields, unlimited: true };
    return { level: LEVEL_OF_STATE[state], message: `run ${state}`, fields, unlimited: true };
  }

  #bottleneck(durationMs: number): StageName | null {
    if (this.#started === undefined || this.#stages === undefined) return null;
    const { source, sinks, threads, transform } = this.#started;
    const sink = this.#busiestSink ?? Object.keys(sinks)[0] ?? "";
    const question = {
      stages: this.#stages,
      durationMs,
      threads,
      cores: threads + 1,
      source: connectorOf(source),
      sink: connectorOf(sinks[sink] ?? ""),
      transform: transform !== null,
    };
    return findBottleneck(question)?.stage ?? null;
  }

  #progress(event: RunEvent): Body[] {
    if (this.#every === null || this.#started === undefined) return [];
    if (event.kind !== "chunk-done" && event.kind !== "sampled") return [];
    const view = this.#tracker.view(event.at);
    const due =
      "everyMs" in this.#every
        ? event.at - this.#told.at >= this.#every.everyMs
        : view.records - this.#told.records >= this.#every.everyRecords;
    if (!due) return [];
    this.#told = { at: event.at, records: view.records };
    return [{ level: "info", message: "progress", fields: progressFields(view), unlimited: true }];
  }
}

function progressFields(view: Progress): LogEntry["fields"] {
  const { records, totalRecords, fraction, rejected, remainingMs, endless, lag } = view;
  const paused = view.paused.length === 0 ? {} : { breakerOpen: view.paused };
  const recordsPerSecond = Math.round(view.recordsPerSecond);
  if (endless) return { records, rejected, recordsPerSecond, lag, ...paused };
  return {
    records,
    totalRecords,
    percent: fraction === null ? null : Math.floor(fraction * 100),
    rejected,
    recordsPerSecond,
    remainingSeconds: remainingMs === null ? null : Math.round(remainingMs / 100) / 10,
    ...paused,
  };
}

function writtenOf([sink, { written }]: [sink: string, counts: Counts]): [sink: string, written: number] {
  return [sink, written];
}

type Rejected = RunEvent & { kind: "rejected" };

/** A reject's message may hold what its record holds; where it stands never does. */
function rejected({ stage, code, sink, count, message, split, line }: Rejected, records: boolean): Body {
  const example = records ? { example: message } : {};
  const fields = { stage, code, ...(sink === null ? {} : { sink }), count, ...example, split, line };
  return { level: "warn", message: "records rejected", fields, unlimited: true };
}

function carefulUnit({ sink, chunks, commitMs }: RunEvent & { kind: "unit-committed" }): Body {
  return { level: "debug", message: "unit written in careful mode", fields: { sink, chunks, commitMs } };
}

function causesOf({ causes = [] }: { readonly causes?: readonly string[] }): object {
  return causes.length === 0 ? {} : { causes };
}

type Trouble = RunEvent & {
  kind:
    | "rewound"
    | "retrying"
    | "breaker"
    | "thread-died"
    | "restarting"
    | "draining"
    | "share-taken"
    | "waiting"
    | "held-up";
};

function troubleOf(event: Trouble): Body {
  switch (event.kind) {
    case "rewound": {
      const { split, token, dropped } = event;
      return { level: "info", message: "rewound", fields: { split, token, droppedBytes: dropped } };
    }
    case "retrying": {
      const { stage, sink, attempt, delayMs, code, reason, message } = event;
      const where = sink === undefined ? { stage } : { stage, sink };
      return {
        level: "warn",
        message: "retrying",
        fields: { ...where, attempt, delayMs, code, reason, error: message, ...causesOf(event) },
      };
    }
    case "breaker":
      return breakerOf(event);
    case "thread-died": {
      const { fault, split, record } = event;
      return { level: "warn", message: "thread died", fields: { fault, split, record } };
    }
    case "restarting": {
      const { actor, attempt, delayMs, code, message } = event;
      return {
        level: "warn",
        message: "restarting",
        fields: { actor, attempt, delayMs, code, error: message, ...causesOf(event) },
      };
    }
    case "draining":
      return { level: "info", message: "draining", fields: { reason: event.reason } };
    case "share-taken":
      return {
        level: "info",
        message: "share taken",
        fields: { splits: event.splits.length, ids: event.splits.join(" ") },
      };
    case "held-up": {
      const { stage, sink, forMs, message } = event;
      const where = sink === undefined ? { stage } : { stage, sink };
      return { level: "warn", message: "held up", fields: { ...where, waitedMs: forMs, reason: message } };
    }
    case "waiting": {
      // A warning, because a terminal with a bar shows no less, and somebody sits in front of it.
      const { owner, forMs } = event;
      return { level: "warn", message: "waiting for another run of the job", fields: { owner, leaseMs: forMs } };
    }
  }
}

/** Where, why, and what comes next. */
function breakerOf({ sink, state, forMs, reason }: RunEvent & { kind: "breaker" }): Body {
  const fields = { sink, ...(forMs === null ? {} : { pauseMs: forMs }), ...(reason === null ? {} : { reason }) };
  switch (state) {
    case "open":
      return { level: "warn", message: "breaker open, nothing is sent until one request is tried", fields };
    case "half-open":
      return { level: "info", message: "breaker half-open, one request is tried", fields };
    case "closed":
      return { level: "info", message: "breaker closed, requests are sent again", fields };
  }
}
