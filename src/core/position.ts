/** Where a split stands. SEMANTICS "Split, position, scope" is the contract. */

/**
 * A place between two records of a split.
 *
 * Only `ordinal` is ever compared; `token` is the source's own resume word and opaque to everyone else.
 */
export interface Position {
  /** Source records of this split consumed in this scope. */
  readonly ordinal: bigint;
  /** The source's resume word; a file's is the byte offset in its decompressed stream. */
  readonly token: string;
  /** Number of the next line of a text file, counted from 1. */
  readonly line?: number;
}

/** The key under which progress is kept, without the split: ('' = incremental and continuous, else the run's id). */
export interface ProgressKey {
  readonly job: string;
  readonly scope: string;
  readonly sink: string;
}

/** The position before the first record. */
export function originPosition(token: string, line?: number): Position {
  return line === undefined ? { ordinal: 0n, token } : { ordinal: 0n, token, line };
}
