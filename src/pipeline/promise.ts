/** What a job promises per sink, and what weakens it: a pure function of the job, told by `check` before anything runs. */
import type { Job, SinkOptions } from "../config/job.ts";

/** The promise of one sink. */
export interface SinkPromise {
  readonly sink: string;
  /** What holds for every source record. */
  readonly promise: string;
  /** Settings that make the promise smaller, each with what then happens. */
  readonly weakenedBy: readonly string[];
  /** What holds and may still surprise. */
  readonly warnings: readonly string[];
}

/**
 * How a source's records take effect in a sink, as DESIGN "Promises" lists it; pairs that cannot run yet have no line.
 */
const PROMISES: { readonly [pair: string]: string } = {
  "file postgres": "every source record takes effect once, also after kill -9 (position in the data's transaction)",
  "file file": "every source record takes effect once in the finished file, which appears only when it is complete",
};

/** The promises of a job, in the order of its sinks. */
export function promiseOf(job: Job): SinkPromise[] {
  return Object.entries(job.sinks).map(([sink, options]) => ({
    sink,
    promise: promised(job, options),
    weakenedBy: weaknesses(job),
    warnings: [...repetition(job, options), ...waiting(job)],
  }));
}

function promised({ source }: Job, sink: SinkOptions): string {
  const promise = PROMISES[`${source.type} ${sink.type}`];
  if (promise === undefined) return "nothing is promised for this pair yet";
  return source.type === "file" && source.incremental ? `${promise}; over all runs of the job together` : promise;
}

/** What an incremental job does not read, or not yet. */
function waiting({ source }: Job): string[] {
  if (source.type !== "file" || !source.incremental) return [];
  return [
    "a last record without a line end waits for a later run, and what a file held that goes away unread is missed (incremental: true)",
  ];
}

function weaknesses({ transform }: Job): string[] {
  if (transform === null || transform.deterministic) return [];
  return ["transform.deterministic: false: a record that is tried again after a crash may come out differently"];
}

/** What a second run does to what the first one wrote. */
function repetition({ source }: Job, sink: SinkOptions): string[] {
  const mode = "mode" in sink ? sink.mode : undefined;
  const readsAgain = source.type === "file" && !source.incremental;
  if (mode === "append" && readsAgain) return ["a second run appends the same files again (incremental: false)"];
  if (mode !== "replace" || readsAgain) return [];
  return ["the result holds only what the last run read (incremental: true, mode: replace); set mode: append"];
}
