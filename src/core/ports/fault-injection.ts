/** For tests: what may put faults between a run and its source and sinks; `millrace/testing` has one. */
import type { BoundSink } from "./sink.ts";
import type { BoundSource } from "./source.ts";

/** Stands between a run and what it reaches outside. */
export interface FaultInjection {
  /** Aborted to kill the run at once. */
  readonly killed: AbortSignal;
  source(source: BoundSource): BoundSource;
  sink(name: string, sink: BoundSink): BoundSink;
}
