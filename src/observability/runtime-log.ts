/** The log of a runtime, or of some runs: which events become lines, and how many of them. */
import { isHostEvent, type RuntimeEvent } from "../core/ports/runtime-events.ts";
import { hostEntry } from "./host-log.ts";
import type { LogEntry, LogWriter } from "./log-entry.ts";
import { RepeatGate } from "./repeat-gate.ts";
import { type ProgressEvery, RunLog } from "./run-log.ts";

/** What a log tells. */
export interface RuntimeLogOptions {
  /** How often progress gets a line; null, the default, never: a progress bar shows it. */
  readonly progress?: ProgressEvery | null;
  /**
   * Whether lines may show what is in records; default false. The message of a reject does: a transform's own words, or
   * the value that a column refuses.
   */
  readonly records?: boolean;
}

/** Follows any number of runs, also at the same time, and what happens around them. */
export class RuntimeLog {
  readonly #write: LogWriter;
  readonly #options: Required<RuntimeLogOptions>;
  readonly #runs = new Map<string, RunLog>();
  readonly #gate = new RepeatGate();

  constructor(write: LogWriter, { progress = null, records = false }: RuntimeLogOptions) {
    this.#write = write;
    this.#options = { progress, records };
  }

  /** To be told every event. */
  readonly observe = (event: RuntimeEvent): void => {
    if (isHostEvent(event)) return this.#put([hostEntry(event)]);
    const key = JSON.stringify([event.job, event.run]);
    const run = this.#runs.get(key) ?? new RunLog(this.#options.progress, this.#options.records);
    this.#runs.set(key, run);
    const entries = run.entries(event);
    if (event.kind === "sampled") this.#writeAll(this.#gate.due(event.at));
    if (event.kind === "run-ended") this.#writeAll(this.#gate.ended(event.job, event.run));
    this.#put(entries);
    if (event.kind === "run-ended") this.#runs.delete(key);
  };

  #put(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#writeAll(this.#gate.pass(entry));
  }

  #writeAll(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#write(entry);
  }
}
