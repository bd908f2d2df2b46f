/** How a run may be asked for by a program. */
import type { Clock } from "../core/clock.ts";
import type { FaultInjection } from "../core/ports/fault-injection.ts";
import type { HttpRoutes } from "../core/ports/http-routes.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import type { StateSpec } from "../state/open.ts";
import type { DryRunViewer } from "./dry-run.ts";
import type { RunProgress } from "./run-progress.ts";
import type { SharedWorld } from "./shared-world.ts";

/** Options of `runJob`. */
export interface RunJobOptions {
  /** Aborted: read nothing more, finish and commit what is under way; the run ends `interrupted` and can be resumed. */
  readonly signal?: AbortSignal;
  /** Aborted: stop at once; what is not committed is left for the next run. */
  readonly kill?: AbortSignal;
  readonly params?: { readonly [name: string]: string };
  /** The schedule's nominal time, ISO 8601. */
  readonly slot?: string;
  /**
   * A store, or where one is: a path, `sqlite:path`, `postgres://...`, `memory:`, or the object of a runtime file's `state`.
   * By default `.millrace/state.db` beside the job.
   */
  readonly state?: StateStore | StateSpec | string;
  /**
   * Milliseconds that the calling thread serves a store in a file itself before a thread of its own takes over: what is
   * over by then needs none. 0, the default: a thread from the start, and nothing ever waits for the disk here.
   */
  readonly stateThreadAfterMs?: number;
  /** Gives an unfinished run up and begins anew. */
  readonly restart?: boolean;
  /** With `restart`: leaves the rows that an append sink already holds. */
  readonly keepWritten?: boolean;
  /** Goes on with the run of this id. */
  readonly resume?: string;
  /** Waits while another process runs the job, instead of ending with LEASE_HELD; `signal` ends the wait. */
  readonly wait?: boolean;
  /** Begins nothing where a run of the same slot and parameters has succeeded, whose summary is given then. */
  readonly once?: boolean;
  /** No limit on rejects. */
  readonly acceptRejects?: boolean;
  /** Only so many source records, into the real sinks: a run of its own, which nothing resumes. */
  readonly limit?: number;
  /** Writes nothing anywhere; what would have been written is shown to this. */
  readonly dryRun?: DryRunViewer;
  readonly trigger?: string;
  readonly observers?: readonly Observer[];
  /** Told a few times a second how far the run is. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Bytes that chunks may occupy; a quarter of the machine's memory when absent. */
  readonly memoryBytes?: number;
  /** Where a webhook without an address of its own listens. */
  readonly routes?: HttpRoutes;
  /** What several runs of a process have in common, instead of memory and threads of the run's own. */
  readonly shared?: SharedWorld;
  readonly clock?: Clock;
  readonly random?: Random;
  /** For tests: faults between the run and its source and sinks. */
  readonly faults?: FaultInjection;
}
