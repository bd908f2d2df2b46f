/** What `main-thread.mjs` tells of a process that it was loaded into. */
import { readFileSync } from "node:fs";
import path from "node:path";

/** How busy the main thread was, from its start to its end. */
export interface MainThreadReport {
  /** Share of its time that its event loop was not idle, 0 to 1; waiting for a core counts as busy. */
  readonly utilization: number;
  /** CPU time as a share of the time, 0 to 1. */
  readonly cpuShare: number;
  readonly cpuSeconds: number;
}

/** Arguments of node that make a process tell. */
export const REPORTING = ["--import", path.join(import.meta.dirname, "main-thread.mjs")];

/** The environment that says where to. */
export function reportingTo(file: string): { readonly [name: string]: string } {
  return { BENCH_MAIN_THREAD: file };
}

export function readReport(file: string): MainThreadReport {
  return JSON.parse(readFileSync(file, "utf8")) as MainThreadReport;
}
