/** The slice of a Postgres client that millrace uses, and nothing more: the rest of the room never sees a driver. */
import type { Readable, Writable } from "node:stream";

/** One row; numbers that may pass 2^53 are selected as text. */
export type Row = Readonly<Record<string, unknown>>;

/** A column of a result. */
export interface ResultField {
  readonly name: string;
  /** Its type's oid, and what modifies it (a length, a scale). */
  readonly oid: number;
  readonly modifier: number;
}

/** What one statement gave. */
export interface QueryResult {
  /** The first word of the command tag: `COMMIT`, or `ROLLBACK` where a COMMIT was asked of a failed transaction. */
  readonly command: string;
  readonly rows: readonly Row[];
  /** Rows selected or changed. */
  readonly rowCount: number;
  /** The columns of the rows, also where there are none. */
  readonly fields: readonly ResultField[];
}

/** A `COPY ... FROM STDIN` in progress; {@link CopyFeed} knows how to feed it. */
export interface CopyStream extends Writable {
  /** Rows the server took, once finished. */
  readonly rowCount: number;
}

/** One session. Statements are asked one at a time: each is awaited before the next. */
export interface Connection extends AsyncDisposable {
  /** `user@host:port/database`, for messages; never the password. */
  readonly label: string;
  /** Who works with it, as its transactions say in `pg_stat_activity`; absent where it has one name all the time. */
  readonly lentTo?: string;
  /** What ended the session; undefined while it lives. */
  readonly lost: Error | undefined;
  /** Whether it stands outside any transaction, as it must before somebody else borrows it. */
  readonly idle: boolean;
  /**
   * Runs a statement, or several separated by semicolons when there are no values; gives the result of the last.
   *
   * Throws what the driver throws; `postgresError` in errors.ts makes sense of it.
   */
  query(text: string, values?: readonly unknown[]): Promise<QueryResult>;
  /** Begins a COPY. */
  copyFrom(statement: string): CopyStream;
  /**
   * Begins a COPY to here, in its text format: a stream of {@link RowBlock}s; the session is of no use to others unless it was
   * read to its end.
   *
   * @param blockBytes what a block has at least, save for the last one
   */
  copyTo(statement: string, blockBytes: number): Readable;
  /** Cancels on the server what it is at; best effort, takes two seconds at most, and never rejects. */
  cancel(): Promise<void>;
  /** Ends the session at once, also in the middle of a statement; never rejects. */
  [Symbol.asyncDispose](): Promise<void>;
}
