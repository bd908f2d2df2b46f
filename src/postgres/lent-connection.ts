/** A session that is borrowed from a pool. */
import type { Readable } from "node:stream";
import { MillraceError } from "../core/errors.ts";
import type { LeaseEnds } from "../runtime/pool-lease.ts";
import type { Connection, CopyStream, QueryResult } from "./connection.ts";

/**
 * A session as its borrower has it: with the name that its transactions bear, of no use after its return, and knowing
 * whether the server still owes an answer.
 *
 * Disposing it gives it back: in the middle of something it is ended, else its transaction is rolled back.
 */
export class LentConnection implements Connection {
  readonly label: string;
  readonly lentTo: string;
  readonly #session: Connection;
  readonly #ends: LeaseEnds;
  /** Statements that were not answered, COPYs that have not ended, cancellations that the server may still be at. */
  #open = 0;
  #returned = false;

  /** @param ends one of them is called, once */
  constructor(session: Connection, lentTo: string, ends: LeaseEnds) {
    this.#session = session;
    this.label = session.label;
    this.lentTo = lentTo;
    this.#ends = ends;
  }

  get lost(): Error | undefined {
    return this.#session.lost;
  }

  get idle(): boolean {
    return this.#session.idle;
  }

  async query(text: string, values?: readonly unknown[]): Promise<QueryResult> {
    const session = this.#use();
    this.#open++;
    try {
      return await session.query(text, values);
    } finally {
      this.#open--;
    }
  }

  copyFrom(statement: string): CopyStream {
    const stream = this.#use().copyFrom(statement);
    this.#open++;
    const over = (): void => {
      stream.off("finish", over).off("error", over);
      this.#open--;
    };
    // one that the server has refused is over, too
    stream.on("finish", over).on("error", over);
    return stream;
  }

  copyTo(statement: string, blockBytes: number): Readable {
    const stream = this.#use().copyTo(statement, blockBytes);
    this.#open++;
    // one that fails, or is not read to its end, is never over
    stream.once("end", () => this.#open--);
    return stream;
  }

  /** Who is cancelled late would be the next borrower: there is none. */
  async cancel(): Promise<void> {
    const session = this.#use();
    this.#open++;
    await session.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open > 0) return this.discard();
    if (this.#returned) return;
    this.#returned = true;
    await this.#ends.release();
  }

  /** Ends the session, because it is of no use to anybody any more; does nothing when it was given back. Never rejects. */
  async discard(): Promise<void> {
    if (this.#returned) return;
    this.#returned = true;
    await this.#ends.discard(undefined);
  }

  #use(): Connection {
    if (!this.#returned) return this.#session;
    throw new MillraceError("INVARIANT", `postgres ${this.label}: a session was used after its return`);
  }
}
