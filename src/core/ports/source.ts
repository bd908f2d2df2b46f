/** A source: where bytes or framed records come from, split by split. Sources never see mailboxes, formats reach them as a port. */
import type { Clock } from "../clock.ts";
import type { ChunkMeta, SharedBytes } from "../chunk.ts";
import type { Position } from "../position.ts";
import type { Codec, CodecName } from "./compression.ts";
import type { DecodeSpec, Format } from "./format.ts";
import type { HttpRoutes } from "./http-routes.ts";
import type { HeldUp, SharedObjects } from "./shared-objects.ts";
import type { SeenSplit } from "./sink.ts";
import type { Spool } from "./spool.ts";

/** What a source is given to resolve itself. */
export interface SourceContext {
  /** Name of the job, for what servers show of their clients. */
  readonly job?: string;
  /** Folder that relative paths start from. */
  readonly baseDir: string;
  readonly clock: Clock;
  /** The format of its records, for reading headers. */
  readonly format: Format;
  readonly decode: DecodeSpec;
  /** The codecs by name, for compressed data. */
  readonly codec?: (name: CodecName) => Codec;
  /** What was sent to the job and is safe; absent where nothing is run. */
  readonly spool?: Spool;
  /** Where the job may offer addresses; absent outside of a daemon. */
  readonly routes?: HttpRoutes;
  /** What the runs of the process share, such as connections; absent: nothing. */
  readonly shared?: SharedObjects;
  /** To be told when something that other runs hold has to be waited for too long. */
  readonly heldUp?: (wait: HeldUp) => void;
  readonly signal?: AbortSignal;
}

/** One split as it was found when the job was resolved. */
export interface SplitPlan {
  /** Its name within the job: a file's path as the job spells it, `topic-partition`, a key range. */
  readonly id: string;
  /** Resume word of its first record. */
  readonly origin: string;
  /** Number of the line on which the first record begins. */
  readonly originLine?: number;
  /** Field names of its header. */
  readonly fields?: readonly string[];
  /** Bytes to read, where known: for progress and for sizing buffers. */
  readonly bytes?: number;
  /** What tells that it is still the same data at a resume; opaque. */
  readonly fingerprint?: string;
  /** More may be appended to it: an incomplete last record is left for a later run. */
  readonly growing?: boolean;
  /** The name that transforms see, where it is not the id. */
  readonly shownAs?: string;
  /** The sinks that are to get of it, if not all are. */
  readonly sinks?: readonly string[];
}

/** A split as earlier runs of an incremental job left it. */
export interface KnownSplit {
  readonly id: string;
  readonly fingerprint?: string;
  /** Resume word of the sink that is furthest behind; null when one has not begun it. */
  readonly token: string | null;
}

/**
 * Reads one split from a place on.
 *
 * What passes by itself is SOURCE_UNAVAILABLE: the call is made again after a while, and goes on where the reader stands.
 */
export type SplitReader = ByteReader | FrameReader;

/** A split that is a stream of bytes. */
export interface ByteReader extends AsyncDisposable {
  readonly kind: "bytes";
  /** Fills `into` from its start and resolves to the number of bytes, 0 at the end. @throws MillraceError SOURCE_FAILED, SOURCE_UNAVAILABLE */
  read(into: Uint8Array): Promise<number>;
}

/** Records that the source itself has framed, copied behind each other. */
export interface FrameBatch {
  readonly memory: SharedBytes;
  readonly bytes: number;
  readonly ends: Int32Array;
  /**
   * Resume word behind record i; and that of record i by itself, which has to be the same whatever it is read with, where
   * the word behind the record before it is not.
   */
  readonly tokens: { after(record: number): string; of?(record: number): string };
  readonly meta?: ChunkMeta;
}

/** A split that is a stream of framed records. */
export interface FrameReader extends AsyncDisposable {
  readonly kind: "frames";
  /**
   * The next records, at most about `maxBytes` of them, copied into memory that is leased once they are there: whoever
   * waits for records holds nothing. Undefined at the end, and once the signal of `open` is aborted.
   *
   * @param lease once a read; waits until there is room, and rejects with ABORTED when the run stops meanwhile
   * @throws MillraceError SOURCE_FAILED, SOURCE_UNAVAILABLE
   */
  read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined>;
}

/** A source that has looked at the world: its splits are known. */
export interface BoundSource extends AsyncDisposable {
  /** For people: `data/orders.csv (3 files)`. */
  readonly label: string;
  /** In name order. */
  readonly splits: readonly SplitPlan[];
  /** How its records are decoded, where only a look at the world tells (the types of a table's columns). */
  readonly decode?: DecodeSpec;
  /** Told which run reads it from now on, for what servers show of their clients. */
  readBy?(run: string): void;
  /**
   * Opens a split at a position.
   *
   * @throws MillraceError SOURCE_CHANGED when the data is no longer what `fingerprint` says; SOURCE_UNAVAILABLE
   */
  open(split: SplitPlan, from: Position, signal: AbortSignal): Promise<SplitReader>;
  /**
   * For an incremental job: the splits that have something new, under the names by which earlier runs knew them.
   *
   * @throws MillraceError SOURCE_CHANGED
   */
  continueFrom?(known: readonly KnownSplit[]): Promise<BoundSource>;
  /**
   * For a source that plans its splits rather than finds them: the same with the splits that a run began with, for the
   * run that goes on. It is let go with this one.
   */
  asPlanned?(seen: readonly SeenSplit[]): BoundSource;
  /** Looks at what is there to be read, for people: `the first page has 100 records`. */
  look?(signal: AbortSignal): Promise<string>;
  /** Present where processes share the source's splits out among themselves; `splits` is empty then. */
  readonly shares?: Shares;
  /**
   * Told, after commits, how far a split has come in every sink of the job. For what others read of the source's own
   * bookkeeping; never waited for, and never what a run goes on by.
   */
  committed?(split: string, position: Position): void;
  /** What it has lent out of its pools just now (connections, requests), by their names. */
  pools?(): { readonly [name: string]: number };
}

/** What a live source has for all processes together, as far as can be seen without being one of them. */
export interface SharesPreview {
  /** What the splits belong to, such as topics, in name order. */
  readonly parts: readonly { readonly name: string; readonly splits: number }[];
  /** Where a job begins that has no positions yet, for people: `the first record`. */
  readonly begins: string;
  /** Records from there to where the splits end now. */
  readonly records: number;
}

/** How a live source is shared out among the processes that read it. */
export interface Shares {
  /**
   * Looks without taking a share, so that nobody loses any.
   *
   * @throws MillraceError SOURCE_FAILED
   */
  preview?(): Promise<SharesPreview>;
  /**
   * Waits for the next share of this process, which has at least one split, once the share before it is revoked or was
   * read to its end; undefined when nothing will come any more, or `signal` is aborted.
   *
   * @throws MillraceError SOURCE_FAILED, SOURCE_CHANGED
   */
  next(signal: AbortSignal): Promise<Share | undefined>;
}

/**
 * The splits that are this process's until they are taken back; `[Symbol.asyncDispose]` lets go of what it holds of
 * them and leaves the source open.
 */
export interface Share extends BoundSource {
  /** Aborted when the splits are taken back: what is under way is read again by whoever has them next. */
  readonly revoked: AbortSignal;
  /**
   * Resolves when whoever shares the splits out has said, asked after the call, that they are still this process's. To
   * be awaited before they are claimed: a process that slept through its session would take them from their new owner.
   *
   * @throws MillraceError ABORTED once revoked
   */
  confirm(): Promise<void>;
  /** How many records each split holds behind what was last said to be committed of it, or behind where it was opened. */
  lag?(): Promise<ReadonlyMap<string, number>>;
}

/** The code behind a source's type; loaded only when a job uses it. */
export interface SourceConnector<Options> {
  /** Looks at the world. @throws MillraceError SOURCE_NOT_FOUND, HEADER_INVALID, COLUMN_UNKNOWN */
  resolve(options: Options, context: SourceContext): Promise<BoundSource>;
}
