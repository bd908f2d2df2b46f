/** A sink: takes commit units, in order, and makes them durable with their positions where it can. */
import type { Clock } from "../clock.ts";
import type { Counts } from "../ledger.ts";
import type { Position } from "../position.ts";
import type { Columns } from "../record.ts";
import type { Reject } from "../reject.ts";
import type { SinkOutput } from "../result.ts";
import type { Codec, CodecName } from "./compression.ts";
import type { EncodeSpec, Format } from "./format.ts";
import type { PositionDesk } from "./position-desk.ts";
import type { RejectShelf } from "./reject-shelf.ts";
import type { Pruned, Retention } from "./retention.ts";
import type { HeldUp, SharedObjects } from "./shared-objects.ts";

/** What a sink is given to resolve itself. */
export interface SinkContext {
  /** The sink's name in the job. */
  readonly name: string;
  /** Name of the job, for what servers show of their clients. */
  readonly job?: string;
  readonly baseDir: string;
  readonly clock: Clock;
  /** The types that the job declares, by the names its transform sees; for a sink that makes columns of its own. */
  readonly declared?: Columns;
  /** The formats by name, for what stands before the first row of a file (`Encoder.head`). */
  readonly format?: (name: string) => Format;
  /** The codecs by name, for compressed output. */
  readonly codec?: (name: CodecName) => Codec;
  /** What the runs of the process share, such as connections; absent: nothing. */
  readonly shared?: SharedObjects;
  /** To be told when something that other runs hold has to be waited for too long. */
  readonly heldUp?: (wait: HeldUp) => void;
  readonly signal?: AbortSignal;
}

/** One split's progress in one sink, as stored. */
export interface Progress {
  readonly split: string;
  readonly epoch: number;
  readonly position: Position;
  readonly counts: Counts;
  /** What the first claim said of the data; a resume opens the split with it. */
  readonly fingerprint?: string;
}

/** A split to be claimed: where it begins if nothing is stored yet. */
export interface Claim {
  readonly split: string;
  readonly origin: Position;
  readonly fingerprint?: string;
}

/**
 * One split's step in a commit unit: a compare-and-set from exactly `(epoch, from)` to `to`.
 *
 * `counts` are the totals after the step, not a delta: the writer knows them, because the set only happens where the
 * compare holds.
 */
export interface Advance {
  readonly split: string;
  readonly epoch: number;
  readonly from: bigint;
  readonly to: Position;
  readonly counts: Counts;
}

/** A word that a sink keeps in the state store, opaque to everyone else; null: it is dropped. */
export interface SinkWord {
  readonly name: string;
  readonly word: string | null;
}

/** Words that outlive a process. */
export interface SinkWords {
  all(): Promise<readonly SinkWord[]>;
  /**
   * Keeps words outside of a commit; those of other names stay.
   *
   * @throws MillraceError FENCED, and nothing is changed, when another process has taken the sink over
   */
  keep(words: readonly SinkWord[]): Promise<void>;
}

/** What a sink without a place for positions of its own keeps in the state store. */
export interface SinkMemory {
  /** Raised whenever the sink is taken over: a name that carries it is this writer's alone. */
  readonly epoch: number;
  /** Of the scope; a commit adds its unit's `words` in the step that advances the positions. */
  readonly scope: SinkWords;
  /** Of the job and sink; outlives scopes. */
  readonly job: SinkWords;
  /** This process, as `isGone` of another one knows it. */
  readonly writer: string;
  /** Whether a process that wrote before has ended for sure and can never wake up again. */
  isGone(writer: string): boolean;
  /** Whether nobody can go on with a run any more: it has succeeded, or nothing is known of it. */
  isOver(run: string): Promise<boolean>;
}

/** How a writer that sends by itself waits, and what it tells. */
export interface SinkHost {
  /**
   * Does something until it succeeds: what is retryable is tried again by the job's `retry`, and every wait is told.
   *
   * @throws whatever else it throws; MillraceError RETRIES_EXHAUSTED, ABORTED
   */
  retrying<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Sending pauses for everyone because the far side fails, tries one request, or goes on. */
  breaker(state: BreakerState, why: { readonly forMs: number | null; readonly reason: string | null }): void;
}

/** `open`: nothing is sent; `half-open`: one request is tried; `closed`: all are sent. */
export type BreakerState = "open" | "half-open" | "closed";

/** Who writes: the run and the key of its progress. */
export interface SinkSession {
  readonly job: string;
  readonly run: string;
  readonly scope: string;
  readonly sink: string;
  readonly signal: AbortSignal;
  /** True when the run goes on where an earlier process left it. */
  readonly resumed: boolean;
  /** True when what it writes is added to what runs before it have shown, where it would otherwise take its place. */
  readonly adds?: boolean;
  /** Absent where nobody waits: each thing is tried once. */
  readonly host?: SinkHost;
  /** Present when the sink's positions live in the state store; without it nothing outlives the writer. */
  readonly memory?: SinkMemory;
}

/** Where the rows of a chunk come from. */
export interface RowsOrigin {
  readonly split: string;
  /** Ordinal of the record that `recordOfRow` calls 0. */
  readonly ordinal: bigint;
}

/** A row that the sink alone could refuse. */
export interface WriteReject {
  /** Number of the record in its chunk. */
  readonly record: number;
  /** Which output of an array result, when the record had several. */
  readonly output?: number;
  readonly code: string;
  readonly message: string;
}

/** What a unit's write did. */
export interface WriteOutcome {
  /** Records that the sink refused; none of their rows was written. Only in careful mode. */
  readonly rejects: readonly WriteReject[];
}

/**
 * Where a unit stands in the order of commits. `due`: all before it are durable, and what else is open comes behind it.
 * `next`: one before it may be under way.
 */
export type TurnToCommit = "due" | "next";

/**
 * One commit unit being filled. Its writer holds the bytes until `commit` has resolved, so a unit may fail at any step.
 *
 * Errors say by their fault class what may follow: `transient` begin anew later, `record` begin anew in careful mode,
 * `fatal` give up.
 */
export interface SinkUnit {
  /** Hands over one chunk's rows; resolves when more can be taken. */
  write(output: SinkOutput, origin: RowsOrigin): Promise<WriteOutcome>;
  /**
   * Waits until every row has been answered for, and says what `write` could not know yet: one outcome a call of `write`,
   * in their order, in place of the one it gave. Called before `commit`; present where `write` does not wait by itself.
   */
  answers?(): Promise<readonly WriteOutcome[]>;
  /**
   * Whether its rows end in the middle of what an earlier process may have sent as one thing: as long as more comes, the
   * unit is not closed there.
   */
  readonly midway?: boolean;
  /**
   * Makes the unit durable, with its positions and rejects in the same step where the sink keeps them.
   *
   * @throws MillraceError FENCED when a compare-and-set misses: someone else owns the split now
   * @throws MillraceError COMMIT_AMBIGUOUS when the reply to the commit was lost: read the positions back
   */
  commit(advances: readonly Advance[], rejects: readonly Reject[]): Promise<void>;
  /** After `commit`: what goes into the step that advances positions which live in the state store. */
  readonly words?: readonly SinkWord[];
  /** Drops the unit; never throws. */
  rollback(): Promise<void>;
}

/** A sink at work for one run. */
export interface SinkWriter extends AsyncDisposable {
  /** Units that may be open at once: 2 where the next can fill while one commits, else 1. */
  readonly lanes: 1 | 2;
  /**
   * Takes the splits over: epoch + 1 in every row, rows made for those that have none.
   *
   * Present only when positions live with the data.
   */
  claim?(claims: readonly Claim[]): Promise<readonly Progress[]>;
  /**
   * Reads positions back, all of the run's or those of some splits, once every commit that touches them has ended: one
   * whose reply was lost may still be under way. Present only when they live with the data.
   */
  progress?(splits?: readonly string[]): Promise<readonly Progress[]>;
  /**
   * Begins a unit.
   *
   * @param mode `careful`: bad rows are found and reported by `write` instead of failing the unit
   * @param columns the run's output columns, once known; null for a format that needs none
   * @param turn `next` when absent
   */
  begin(mode: "fast" | "careful", columns: readonly string[] | null, turn?: TurnToCommit): Promise<SinkUnit>;
  /** The positions of all units committed so far are durable: shows what had to wait for that. */
  settle?(): Promise<void>;
  /** The run succeeded: publishes what becomes visible only then. */
  finish(): Promise<void>;
  /** What it has lent out of its pools just now (connections, requests), by their names. */
  pools?(): { readonly [name: string]: number };
}

/** A run that wrote into a sink and never ended, as the sink itself remembers it. */
export interface UnfinishedRun {
  readonly run: string;
  readonly scope: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Records of its scope that are durable in this sink. */
  readonly written: number;
  /** Some of its splits, as it first saw them: whether that is the source of today tells whose run it is. */
  readonly seen?: readonly SeenSplit[];
}

/** What a split was when it was first seen. */
export interface SeenSplit {
  readonly split: string;
  readonly fingerprint: string;
}

/** A sink that has looked at the world. */
export interface BoundSink extends AsyncDisposable {
  /** For people: `postgres orders`. */
  readonly label: string;
  /** What the threads are to make for it. */
  readonly encode: EncodeSpec;
  /** Where its positions live. */
  readonly positions: "sink" | "state";
  /** Whether a run goes on in the middle or has to discard and start again. */
  readonly resume: "position" | "restart";
  /** Whether its rows are final as soon as they commit, so that a restart would double them. */
  readonly appends: boolean;
  /**
   * Of one that does not append: whether the same rows written once more change nothing. `false`: they would stand twice in
   * what the run shows in the end. Absent where that is not known.
   */
  readonly repeatable?: boolean;
  /** Names of the columns it can take, when it knows; a column outside is an error when the job starts. */
  readonly known?: readonly string[];
  /** Nothing in it tells two rows apart, so that what comes twice stays twice; absent where that is not known. */
  readonly keyless?: boolean;
  /** What was found out there, for people: `4 partitions`. */
  readonly found?: string;
  /**
   * Runs of the job that never ended, oldest first: one that the state store does not know means that the store was lost.
   *
   * Present only when positions live with the data.
   */
  unfinished?(job: string): Promise<readonly UnfinishedRun[]>;
  /** The rejects that live with its data; present only when positions do. Without it `commit` is never given any. */
  readonly rejects?: RejectShelf;
  /** Notes that a run is given up, so that `unfinished` names it no more. */
  abandon?(job: string, run: string): Promise<void>;
  /**
   * As `StateStore.prune`, for what lives with its data; present only when positions do.
   *
   * @param isOver whether nobody can go on with a run any more
   */
  prune?(job: string, retention: Retention, isOver: (run: string) => Promise<boolean>): Promise<Pruned>;
  /** Goes to work for one run. */
  open(session: SinkSession): Promise<SinkWriter>;
}

/** The code behind a sink's type; loaded only when a job uses it. */
export interface SinkConnector<Options> {
  /** Looks at the world. @throws MillraceError TABLE_UNKNOWN, COLUMN_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE */
  resolve(options: Options, context: SinkContext): Promise<BoundSink>;
  /**
   * Opens the positions that lie with the data, without looking at anything else; absent, or null, where none do.
   *
   * @throws MillraceError SINK_REFUSED, SINK_UNAVAILABLE
   */
  positions?(options: Options, context: SinkContext): Promise<PositionDesk | null>;
}
