/**
 * A job's spool: what somebody sent and was told is safe, kept until every sink has it. Outlives processes, and several of
 * them may add to the same one.
 */

/** Something that was sent: bytes that nobody has looked into, but for the records in them. */
export interface SpoolEntry {
  readonly body: Uint8Array;
  /** The sender's word for it: what comes again under the same one is not added again. null: nobody can tell. */
  readonly key: string | null;
  /** Whole milliseconds since 1970. */
  readonly receivedAt: number;
}

/** An entry as it is kept. */
export interface SpooledEntry {
  /** Counts up by one, in the order in which entries became durable: whoever has read to one has missed none before it. */
  readonly id: bigint;
  readonly body: Uint8Array;
  readonly receivedAt: number;
}

/** What came of an entry. `known`: it was added before under its key; `full`: there is no room for it. */
export type SpoolOutcome = "added" | "known" | "full";

/** How much a spool may hold. */
export interface SpoolLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** How much it holds. */
export interface SpoolSize {
  readonly bytes: number;
  readonly entries: number;
  /** Entries up to this one were dropped; 0: none ever was. */
  readonly dropped: bigint;
}

/** Spools of all jobs, as a state store keeps them. Every promise resolves only when the change is durable. */
export interface SpoolStore {
  /** Adds entries, in their order and in one step with whatever else is on its way; one outcome each. */
  addToSpool(job: string, entries: readonly SpoolEntry[], limits: SpoolLimits): Promise<readonly SpoolOutcome[]>;
  /** Entries behind one, oldest first: at least one where there is any, together at most about so many bytes. */
  readSpool(job: string, after: bigint, maxBytes: number): Promise<readonly SpooledEntry[]>;
  /**
   * Drops the bodies of entries up to one.
   *
   * @param keysBefore keys of dropped entries that were received before are forgotten, whole milliseconds since 1970
   */
  trimSpool(job: string, upTo: bigint, keysBefore: number): Promise<void>;
  spoolSize(job: string): Promise<SpoolSize>;
}

/** The spool of one job, as its source sees it. */
export interface Spool {
  add(entry: SpoolEntry, limits: SpoolLimits): Promise<SpoolOutcome>;
  read(after: bigint, maxBytes: number): Promise<readonly SpooledEntry[]>;
  trim(upTo: bigint, keysBefore: number): Promise<void>;
  size(): Promise<SpoolSize>;
  /**
   * Waits until this process is the one that reads.
   *
   * @throws MillraceError ABORTED once the signal is
   */
  own(signal: AbortSignal): Promise<SpoolOwnership>;
}

/** The right to read a spool; disposing of it gives it back. */
export interface SpoolOwnership extends AsyncDisposable {
  /** Aborted when another process has it. */
  readonly lost: AbortSignal;
  /** Asks whether it still is this process's. @throws MillraceError FENCED */
  confirm(): Promise<void>;
}
