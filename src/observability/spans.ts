/** Tells runs as OpenTelemetry spans, where the program around brings an SDK. */
import type * as otel from "@opentelemetry/api";
import type { Counts } from "../core/ledger.ts";
import type { RunEvent } from "../core/ports/observer.ts";
import { isHostEvent, type RuntimeObserver } from "../core/ports/runtime-events.ts";
import { redact } from "../core/redact.ts";

/** Which commit units get a span of their own. */
export interface SpansOptions {
  /** Those that took at least so long, in milliseconds; default 1,000. */
  readonly commitMs?: number;
  /** And the first of each so many of a sink; default 100. */
  readonly sampleEvery?: number;
}

type Api = typeof otel;

interface OpenRun {
  readonly span: otel.Span;
  readonly context: otel.Context;
  /** Commit units so far, by sink. */
  readonly units: Map<string, number>;
}

const COUNTS = [
  "read",
  "written",
  "filtered",
  "rejected",
  "folded",
  "emitted",
] as const satisfies readonly (keyof Counts)[];

/**
 * Makes an observer: a span for each run, below whatever span is active when it begins; below it spans of commit units
 * that are slow or that it is their turn; starts of splits, retries and restarts as the run's events. Without an SDK the
 * API makes spans that record nothing, and then nothing is kept or computed. Loads `@opentelemetry/api`.
 *
 * @example
 * await runJob(job, { observers: [await spans()] });
 */
export async function spans(options: SpansOptions = {}): Promise<RuntimeObserver> {
  const feed = new SpanFeed(await import("@opentelemetry/api"), options);
  return (event) => {
    if (!isHostEvent(event)) feed.take(event);
  };
}

class SpanFeed {
  readonly #api: Api;
  readonly #commitMs: number;
  readonly #sampleEvery: number;
  readonly #runs = new Map<string, OpenRun>();

  constructor(api: Api, { commitMs = 1_000, sampleEvery = 100 }: SpansOptions) {
    this.#api = api;
    this.#commitMs = commitMs;
    this.#sampleEvery = sampleEvery;
  }

  take(event: RunEvent): void {
    const key = JSON.stringify([event.job, event.run]);
    if (event.kind === "run-started") return this.#start(key, event);
    const run = this.#runs.get(key);
    if (run === undefined) return;
    const at = new Date(event.at);
    switch (event.kind) {
      case "split-started":
        run.span.addEvent(
          "split started",
          { split: event.split, ...(event.bytes !== null && { bytes: event.bytes }) },
          at,
        );
        return;
      case "retrying": {
        const { stage, sink = "", attempt, code, reason } = event;
        run.span.addEvent("retrying", { stage, sink, attempt, code, reason }, at);
        return;
      }
      case "breaker":
        run.span.addEvent(`breaker ${event.state}`, { sink: event.sink, reason: redact(event.reason ?? "") }, at);
        return;
      case "restarting":
        run.span.addEvent("restarting", { actor: event.actor, attempt: event.attempt, code: event.code }, at);
        return;
      case "unit-committed":
        return this.#commit(run, event);
      case "run-ended":
        this.#runs.delete(key);
        return this.#end(run, event);
      default:
    }
  }

  #start(key: string, event: RunEvent & { kind: "run-started" }): void {
    const { context, trace } = this.#api;
    const { job, run, at, slot, trigger, source, sinks, resumed } = event;
    const attributes = {
      "millrace.job": job,
      "millrace.run": run,
      "millrace.trigger": trigger,
      ...(slot === null ? {} : { "millrace.slot": slot }),
      "millrace.source": redact(source),
      "millrace.sinks": Object.keys(sinks),
      "millrace.resumed": resumed !== null,
    };
    const parent = context.active();
    const span = this.#tracer().startSpan(`run ${job}`, { startTime: new Date(at), attributes }, parent);
    if (span.isRecording()) this.#runs.set(key, { span, context: trace.setSpan(parent, span), units: new Map() });
  }

  #commit({ context, units }: OpenRun, event: RunEvent & { kind: "unit-committed" }): void {
    const { at, sink, added, chunks, commitMs, careful } = event;
    const before = units.get(sink) ?? 0;
    units.set(sink, before + 1);
    if (commitMs < this.#commitMs && before % this.#sampleEvery !== 0) return;
    const attributes = {
      "millrace.sink": sink,
      "millrace.chunks": chunks,
      "millrace.careful": careful,
      ...countsOf(added),
    };
    const options = { startTime: new Date(at - commitMs), attributes };
    this.#tracer().startSpan(`commit ${sink}`, options, context).end(new Date(at));
  }

  #end({ span }: OpenRun, { at, state, counts, message }: RunEvent & { kind: "run-ended" }): void {
    span.setAttributes({ "millrace.state": state, ...countsOf(counts) });
    const { ERROR, OK } = this.#api.SpanStatusCode;
    if (state === "succeeded") span.setStatus({ code: OK });
    if (state === "failed" || state === "rejected")
      span.setStatus({ code: ERROR, ...(message !== null && { message: redact(message) }) });
    span.end(new Date(at));
  }

  /** Asked anew each time: the SDK may be there only later. */
  #tracer(): otel.Tracer {
    return this.#api.trace.getTracer("millrace");
  }
}

function countsOf(counts: Counts): Record<string, number> {
  return Object.fromEntries(COUNTS.map((name) => [`millrace.records.${name}`, counts[name]]));
}
