/** A loan from an object pool. */
import { MillraceError } from "../core/errors.ts";

/** What a pool does at the end of a lease. */
export interface LeaseEnds {
  release(): Promise<void>;
  discard(reason: unknown): Promise<void>;
}

/** A borrowed object: `using lease = await pool.acquire()` gives it back at the end of the block. */
export class Lease<T> implements Disposable, AsyncDisposable {
  readonly #value: T;
  readonly #ends: LeaseEnds;
  readonly #pool: string;
  #held = true;

  /** Made by `ObjectPool` only. */
  constructor(pool: string, value: T, ends: LeaseEnds) {
    this.#pool = pool;
    this.#value = value;
    this.#ends = ends;
  }

  /**
   * The object.
   *
   * @throws MillraceError INVARIANT after the release
   */
  get value(): T {
    if (this.#held) return this.#value;
    throw new MillraceError("INVARIANT", `an object of pool "${this.#pool}" was used after its release`);
  }

  /**
   * Gives the object back. Resolves when it is reset and free for others, and never rejects.
   *
   * @throws MillraceError DOUBLE_RELEASE at once if it was given back before
   */
  release(): Promise<void> {
    this.#assertFirst();
    return this.#ends.release();
  }

  /**
   * Gives the object back to be destroyed, because it is known to be broken. Never rejects.
   *
   * @param reason told to `onError`
   * @throws MillraceError DOUBLE_RELEASE at once if it was given back before
   */
  discard(reason?: unknown): Promise<void> {
    this.#assertFirst();
    return this.#ends.discard(reason);
  }

  /** Releases the object unless that was done. */
  [Symbol.dispose](): void {
    if (this.#held) void this.release();
  }

  /** Releases the object unless that was done, and waits until it is reset. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held) await this.release();
  }

  #assertFirst(): void {
    if (!this.#held) {
      throw new MillraceError("DOUBLE_RELEASE", `an object of pool "${this.#pool}" was released twice`);
    }
    this.#held = false;
  }
}
