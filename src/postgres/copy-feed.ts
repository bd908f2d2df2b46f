/** Feeds a COPY, one piece at a time. */
import { MillraceError } from "../core/errors.ts";
import type { Connection, CopyStream } from "./connection.ts";

/**
 * A COPY that the server has accepted.
 *
 * The driver's stream throws out of the event loop when it is written to after the server has refused something, and
 * it is not destroyed by that error. So at most one piece is on its way, each waits for its callback, and nothing is
 * written after a failure. The kernel's socket buffers keep the server busy meanwhile.
 */
export class CopyFeed {
  readonly #stream: CopyStream;
  #failure: Error | undefined;
  #rejectStep: ((reason: Error) => void) | undefined;

  private constructor(stream: CopyStream) {
    this.#stream = stream;
    stream.on("error", (error) => {
      this.#failure ??= error;
      this.#rejectStep?.(error);
    });
  }

  /**
   * Begins a COPY and waits until the server takes data, so that a refused statement (a missing table, a lock that is not
   * granted in time) is told apart from refused data. Throws what the driver throws.
   */
  static async open(connection: Connection, statement: string): Promise<CopyFeed> {
    const feed = new CopyFeed(connection.copyFrom(statement));
    await feed.write(new Uint8Array(0));
    return feed;
  }

  /**
   * Hands over bytes; resolves when the socket can take more. They are not copied: leave them as they are until the COPY
   * has ended. Throws what the driver throws, also for bytes written earlier.
   */
  write(bytes: Uint8Array): Promise<void> {
    return this.#step((done) => this.#stream.write(bytes, done));
  }

  /** Ends the COPY and resolves to the number of rows that the server took. Throws what the driver throws. */
  async finish(): Promise<number> {
    await this.#step((done) => {
      this.#stream.once("finish", done);
      this.#stream.end();
    });
    return this.#stream.rowCount;
  }

  #step(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#rejectStep) {
      return Promise.reject(new MillraceError("INVARIANT", "a COPY was given bytes before it had taken the last ones"));
    }
    return new Promise<void>((resolve, reject) => {
      this.#rejectStep = reject;
      start((error) => {
        this.#rejectStep = undefined;
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
