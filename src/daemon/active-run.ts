/** A run that is under way in this process. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { RunSummary } from "../core/summary.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import type { RunJobOptions } from "../pipeline/run-options.ts";
import type { RunObject } from "./runtime-api.ts";

/** Why a run is ended before its end: it is to be gone on with (`stopping`), or not. */
export type StopKind = "stopping" | "cancelled";

/** What came of it: its summary, or why it could not begin; null: there was nothing to run. */
export type RunEnd = { readonly summary: RunSummary | null } | { readonly error: MillraceError };

/** Runs a job, or its rejects. */
export type Start = (options: Pick<RunJobOptions, "signal" | "kill" | "observers">) => Promise<RunSummary | null>;

/** What a process figure is while nobody measures it. */
const UNMEASURED = { peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 };

/** Follows one run from its start to its end. */
export class ActiveRun {
  readonly job: Job;
  readonly slot: string | null;
  readonly trigger: string;
  /** Its id, as soon as it has begun; undefined where it ended before it began. */
  readonly begun: Promise<string | undefined>;
  /** Never rejects. */
  readonly ended: Promise<RunEnd>;
  readonly #recorder = new SummaryRecorder();
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #graceful = new AbortController();
  readonly #kill = new AbortController();
  #id: string | undefined;
  #stopped: { readonly kind: StopKind; readonly why: string } | undefined;

  /** @param tell hears of everything that the run tells */
  constructor(
    of: { readonly job: Job; readonly slot: string | null; readonly trigger: string },
    { start, tell, clock }: { readonly start: Start; readonly tell: Observer; readonly clock: Clock },
  ) {
    this.job = of.job;
    this.slot = of.slot;
    this.trigger = of.trigger;
    this.#clock = clock;
    this.#startedAt = clock.now();
    const begun = Promise.withResolvers<string | undefined>();
    const watch: Observer = (event) => {
      if (event.kind !== "run-started" || this.#id !== undefined) return;
      this.#id = event.run;
      begun.resolve(event.run);
    };
    const observers = [watch, this.#recorder.observe, tell];
    const { signal } = this.#graceful;
    this.begun = begun.promise;
    this.ended = start({ signal, kill: this.#kill.signal, observers })
      .then((summary): RunEnd => ({ summary }))
      .catch((thrown: unknown): RunEnd => ({ error: MillraceError.from(thrown) }))
      .finally(() => begun.resolve(undefined));
  }

  /** Undefined until it has begun. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Why it was asked to end; the first reason counts. */
  get stopped(): { readonly kind: StopKind; readonly why: string } | undefined {
    return this.#stopped;
  }

  /** Ends it in order: it reads nothing more and commits what is under way. */
  stop(kind: StopKind, why: string): void {
    this.#stopped ??= { kind, why };
    this.#graceful.abort(new MillraceError("ABORTED", why));
  }

  /** Ends it at once; what is not committed is left for the next run. */
  kill(why: string): void {
    this.stop("stopping", why);
    this.#kill.abort(new MillraceError("ABORTED", why));
  }

  /** The summary of a run that ended by throwing. */
  failedSummary({ code, message }: MillraceError): RunSummary {
    return this.#snapshot({ code, message });
  }

  /** How far it is; undefined until it has begun. */
  progress(): RunObject | undefined {
    if (this.#id === undefined) return undefined;
    const { peakRssBytes: _p, gc: _g, eventLoopP99Ms: _e, ...figures } = this.#snapshot(null);
    const startedAt = new Date(this.#startedAt).toISOString();
    return { ...figures, state: "running", slot: this.slot, trigger: this.trigger, startedAt, endedAt: null };
  }

  #snapshot(error: RunSummary["error"]): RunSummary {
    const durationMs = this.#clock.now() - this.#startedAt;
    const state = error === null ? "interrupted" : "failed";
    const of = { job: this.job.name, run: this.#id ?? "" };
    return this.#recorder.snapshot({ ...of, state, error, durationMs, process: UNMEASURED });
  }
}
