/** What `millrace_job_state` says of each job. */
import type { RuntimeEvent } from "../core/ports/runtime-events.ts";

/** The metric's values. A job that is paused while a run of it is under way is running. */
export const JOB_STATE = { idle: 0, running: 1, failed: 2, paused: 3 } as const;

interface Standing {
  readonly running: Set<string>;
  failed: boolean;
  paused: boolean;
}

/** Follows jobs through their runs, also where several of one job are under way. */
export class JobStates {
  readonly #jobs = new Map<string, Standing>();

  /** Takes notice of an event. @returns the job's state now; null: the event says nothing about one */
  take(event: RuntimeEvent): number | null {
    switch (event.kind) {
      case "run-started":
        this.#of(event.job).running.add(event.run);
        break;
      case "run-ended":
        this.#of(event.job).running.delete(event.run);
        this.#of(event.job).failed = event.state === "failed" || event.state === "rejected";
        break;
      case "start-failed":
        this.#of(event.job).failed = true;
        break;
      case "job-paused":
        this.#of(event.job).paused = event.reason !== null;
        break;
      default:
        return null;
    }
    return this.#stateOf(event.job);
  }

  /** Whether a run of it is under way. */
  isRunning(job: string): boolean {
    return (this.#jobs.get(job)?.running.size ?? 0) > 0;
  }

  forget(job: string): void {
    this.#jobs.delete(job);
  }

  #stateOf(job: string): number {
    const { running, failed, paused } = this.#of(job);
    if (running.size > 0) return JOB_STATE.running;
    if (paused) return JOB_STATE.paused;
    return failed ? JOB_STATE.failed : JOB_STATE.idle;
  }

  #of(job: string): Standing {
    const standing = this.#jobs.get(job) ?? { running: new Set(), failed: false, paused: false };
    this.#jobs.set(job, standing);
    return standing;
  }
}
