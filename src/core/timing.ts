/** Where a stage's time goes. */

/** The stages of a run, as CONTRACT names them in the summary and the metrics. */
export type StageName = "source" | "chunker" | "workers" | "aggregator" | "sink";

/** Every stage in the order of the flow. */
export const STAGES = ["source", "chunker", "workers", "aggregator", "sink"] as const satisfies readonly StageName[];

/** Milliseconds a stage worked, waited for something to do and waited for someone to take what it did. */
export interface StageTimes {
  readonly busyMs: number;
  readonly waitInputMs: number;
  readonly waitOutputMs: number;
}
