/** The state store: runs, leases, positions and rejects that do not live with the data. */
import type { ProgressKey } from "../position.ts";
import type { Reject } from "../reject.ts";
import type { KeptPosition } from "./position-desk.ts";
import type { RejectShelf } from "./reject-shelf.ts";
import type { Pruned, Retention } from "./retention.ts";
import type { ScheduleStore } from "./schedule-store.ts";
import type { Advance, Claim, Progress, SinkWord } from "./sink.ts";
import type { SpoolStore } from "./spool.ts";

/** How a run stands. `running` is also what a killed process leaves behind. */
export type RunState = "running" | "succeeded" | "failed" | "rejected" | "interrupted";

/** A run as it is kept. */
export interface RunRow {
  readonly id: string;
  readonly job: string;
  readonly scope: string;
  /** The schedule's nominal time, or null. With `job` and `params` the run's identity. */
  readonly slot: string | null;
  /** Canonical JSON of the run's parameters. */
  readonly params: string;
  readonly trigger: string;
  readonly state: RunState;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Output columns per sink, once found. */
  readonly columns: { readonly [sink: string]: readonly string[] } | null;
  /** Some of its splits as they were at its beginning, JSON: tells whose deployment's it is; another one is refused. */
  readonly fingerprint: string | null;
  /** The object of `run --json` at its last end, as JSON. */
  readonly summary: string | null;
}

/** Which runs; all where nothing else is said. */
export interface RunFilter {
  readonly job?: string;
  readonly states?: readonly RunState[];
  /** Only runs of this slot; null: of none. */
  readonly slot?: string | null;
  /** Only runs with these parameters, as {@link RunRow.params} has them. */
  readonly params?: string;
  /** Whether they go on in the scope '', which all runs of an incremental or live job have in common. */
  readonly shared?: boolean;
  /** Only runs that were made before the one of this id; no such run: none. */
  readonly before?: string;
  /** Only runs that ended later, ISO 8601 in UTC as `endedAt` is. */
  readonly endedAfter?: string;
  readonly limit: number;
}

/** Who holds a lease, well enough to tell whether it still lives. */
export interface LeaseOwner {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Boot id and pid namespace: only inside the same one is a pid meaningful. */
  readonly machine: string;
  /** The process's start time, against reused pids; opaque. */
  readonly processStart: string;
}

/** The result of asking for a lease. */
export type LeaseOutcome =
  | { readonly granted: true; readonly until: number }
  | { readonly granted: false; readonly owner: LeaseOwner; readonly until: number };

/** Keeps what must outlive a process. Every promise resolves only when the change is durable. */
export interface StateStore extends RejectShelf, ScheduleStore, SpoolStore, AsyncDisposable {
  /** For people: `sqlite .millrace/state.db`. */
  readonly label: string;

  createRun(run: RunRow): Promise<void>;
  /** Changes a run. One that has succeeded stays as it is: a process that was superseded may still think it has to say something. */
  updateRun(id: string, change: Partial<Pick<RunRow, "state" | "endedAt" | "columns" | "summary">>): Promise<void>;
  findRun(id: string): Promise<RunRow | undefined>;
  /** Newest first. */
  listRuns(filter: RunFilter): Promise<readonly RunRow[]>;

  /**
   * Takes or renews the lease of (job, scope).
   *
   * @param now wall-clock ms; @param ttlMs how long it holds
   * @param steal takes it although it has not run out: its owner is known to be dead
   */
  acquireLease(
    key: { readonly job: string; readonly scope: string },
    owner: LeaseOwner,
    time: { readonly now: number; readonly ttlMs: number },
    steal?: boolean,
  ): Promise<LeaseOutcome>;
  releaseLease(key: { readonly job: string; readonly scope: string }, ownerId: string): Promise<void>;
  /**
   * Who holds a lease, and until when; also one that has run out. Undefined: it was released, or never taken.
   *
   * @param now wall-clock ms
   */
  findLease(
    key: { readonly job: string; readonly scope: string },
    now: number,
  ): Promise<{ readonly owner: LeaseOwner; readonly until: number } | undefined>;

  /** Epoch + 1 in every row of the key, rows made for splits that have none; returns all claimed. */
  claim(key: ProgressKey, claims: readonly Claim[]): Promise<readonly Progress[]>;
  progress(key: ProgressKey, splits?: readonly string[]): Promise<readonly Progress[]>;
  /** All of a job, also copies of those that live with the data, by scope, sink and split. */
  listPositions(job: string): Promise<readonly KeptPosition[]>;
  /**
   * One transaction: compare-and-set of every advance, the rejects, and what the sink keeps.
   *
   * @throws MillraceError FENCED, and nothing is changed, when one compare misses
   */
  commit(
    key: ProgressKey,
    advances: readonly Advance[],
    rejects: readonly Reject[],
    words?: readonly SinkWord[],
  ): Promise<void>;
  /** What a sink keeps under a key, in the order of the names. */
  words(key: ProgressKey): Promise<readonly SinkWord[]>;
  /**
   * Keeps words outside of a commit.
   *
   * @param owned a split of the key and the epoch at which it was claimed
   * @throws MillraceError FENCED, and nothing is changed, when that split was claimed again
   */
  keepWords(
    key: ProgressKey,
    words: readonly SinkWord[],
    owned?: { readonly key: ProgressKey; readonly split: string; readonly epoch: number },
  ): Promise<void>;
  /** A copy for display of progress that lives with the data: no compare. */
  mirror(key: ProgressKey, progress: readonly Progress[]): Promise<void>;
  /**
   * Drops progress, words and rejects of a scope, or what one sink has of it: that starts again.
   *
   * @throws MillraceError FENCED when the scope is that of a run that has succeeded
   */
  forget(key: { readonly job: string; readonly scope: string; readonly sink?: string }): Promise<void>;
  /**
   * Drops the row of a run; what is kept of its scope is for `forget`. No such run: nothing.
   *
   * @throws MillraceError FENCED when it has succeeded
   */
  forgetRun(id: string): Promise<void>;

  /** Adds rejects; the same (job, scope, split, token, sink, output) twice is one. */
  addRejects(rejects: readonly Reject[]): Promise<void>;

  /**
   * Drops history, the oldest first: runs that have succeeded with progress and words of their scope, rejects, and slots
   * that have ended.
   *
   * Left alone are the job's newest run and slot, whatever can still be gone on with (a run that has not succeeded, its
   * progress, words and rejects; rejects that a replay has taken; open slots), and progress and words of scopes that
   * outlive a run.
   */
  prune(job: string, retention: Retention): Promise<Pruned>;
}
