/**
 * The pool that chunk and output buffers are lent from.
 *
 * Every buffer is a SharedArrayBuffer: a thread borrows it by message and nothing is lost when that thread dies. Sizes
 * come in four classes between a power of two and the next, so that a request wastes a fifth at most; what is returned
 * waits in its class for the next request, and the classes that were asked for least recently give way when too much
 * lies idle.
 */
import { MillraceError } from "../core/errors.ts";

/** The smallest size class, bytes. */
const SMALLEST_CLASS = 4096;

/** How a {@link BufferPool} is made. */
export interface BufferPoolOptions {
  /** Bytes that may lie idle; what is returned beyond is left to the garbage collector. */
  readonly maxIdleBytes: number;
}

/** What a {@link BufferPool} holds at this moment. */
export interface BufferPoolStats {
  /** Buffers lent and not yet returned. */
  readonly inUse: number;
  readonly inUseBytes: number;
  /** Buffers that wait for the next request. */
  readonly idle: number;
  readonly idleBytes: number;
  /** Buffers ever allocated by the pool (adopted ones were allocated elsewhere). */
  readonly created: number;
}

/**
 * One lent buffer with its reference count, which starts at 1. The buffer returns to its pool when the count reaches
 * zero; from then on the lease must not be touched.
 */
export class BufferLease implements Disposable {
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #onReturn: (shared: SharedArrayBuffer) => void;
  #references = 1;

  /** Made by {@link BufferPool} only. */
  constructor(shared: SharedArrayBuffer, onReturn: (shared: SharedArrayBuffer) => void) {
    this.#bytes = new Uint8Array(shared);
    this.#onReturn = onReturn;
  }

  /**
   * The whole capacity, which may be more than was asked for. Its content is whatever the last borrower left.
   *
   * @throws MillraceError INVARIANT after the last release
   */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.#assertHeld("read");
    return this.#bytes;
  }

  /**
   * Adds a holder: one more {@link release} is due.
   *
   * @throws MillraceError INVARIANT after the last release
   */
  retain(): this {
    this.#assertHeld("retained");
    this.#references++;
    return this;
  }

  /**
   * Takes a holder away; the last one returns the buffer to its pool.
   *
   * @throws MillraceError DOUBLE_RELEASE when it was returned already
   */
  release(): void {
    if (this.#references === 0) {
      throw new MillraceError(
        "DOUBLE_RELEASE",
        `a buffer of ${this.#bytes.byteLength} bytes was released more often than it was lent and retained`,
      );
    }
    this.#references--;
    if (this.#references === 0) this.#onReturn(this.#bytes.buffer);
  }

  /** The same as {@link release}. */
  [Symbol.dispose](): void {
    this.release();
  }

  #assertHeld(verb: string): void {
    if (this.#references > 0) return;
    throw new MillraceError(
      "INVARIANT",
      `a buffer of ${this.#bytes.byteLength} bytes was ${verb} after its last release: its bytes belong to somebody else`,
    );
  }
}

/**
 * Lends SharedArrayBuffers and takes them back.
 *
 * @example
 * const pool = new BufferPool({ maxIdleBytes: 64 * 1024 * 1024 });
 * using lease = pool.lease(1024 * 1024);
 * lease.bytes[0] = 1;
 */
export class BufferPool {
  readonly #maxIdleBytes: number;
  /** Idle buffers by size class; the class lent from least recently comes first. */
  readonly #idle = new Map<number, SharedArrayBuffer[]>();
  /** Every buffer that is lent or idle, so that none is adopted twice. */
  readonly #known = new Set<SharedArrayBuffer>();
  #inUse = 0;
  #inUseBytes = 0;
  #idleCount = 0;
  #idleBytes = 0;
  #created = 0;

  constructor({ maxIdleBytes }: BufferPoolOptions) {
    this.#maxIdleBytes = maxIdleBytes;
  }

  get stats(): BufferPoolStats {
    return {
      inUse: this.#inUse,
      inUseBytes: this.#inUseBytes,
      idle: this.#idleCount,
      idleBytes: this.#idleBytes,
      created: this.#created,
    };
  }

  /**
   * Lends a buffer of at least `minBytes`. Never waits (admission is the memory budget's task) and never zero-fills
   * what is used again.
   *
   * @throws MillraceError INVARIANT when `minBytes` is no size
   */
  lease(minBytes: number): BufferLease {
    if (!Number.isSafeInteger(minBytes) || minBytes < 0) {
      throw new MillraceError("INVARIANT", `a buffer of ${minBytes} bytes was asked for`);
    }
    const size = sizeClassFor(minBytes);
    return this.#lend(this.#takeIdle(size) ?? this.#allocate(size));
  }

  /**
   * Takes in a buffer that somebody else allocated (a thread whose output outgrew what it was lent) and lends it on;
   * its release brings it into this pool.
   *
   * @throws MillraceError INVARIANT when the buffer is already this pool's
   */
  adopt(shared: SharedArrayBuffer): BufferLease {
    if (this.#known.has(shared)) {
      throw new MillraceError(
        "INVARIANT",
        `a buffer of ${shared.byteLength} bytes was adopted by the pool that owns it`,
      );
    }
    this.#known.add(shared);
    return this.#lend(shared);
  }

  /**
   * For the end of a run and of a test: no buffer is lent.
   *
   * @throws MillraceError INVARIANT naming how many are
   */
  assertAllReturned(): void {
    if (this.#inUse === 0) return;
    throw new MillraceError(
      "INVARIANT",
      `${this.#inUse} buffers (${this.#inUseBytes} bytes) did not come back to their pool`,
    );
  }

  #allocate(size: number): SharedArrayBuffer {
    const shared = new SharedArrayBuffer(size);
    this.#known.add(shared);
    this.#created++;
    return shared;
  }

  #takeIdle(size: number): SharedArrayBuffer | undefined {
    const shelf = this.#idle.get(size);
    const shared = shelf?.pop();
    if (shelf === undefined || shared === undefined) return undefined;
    this.#idle.delete(size);
    if (shelf.length > 0) this.#idle.set(size, shelf);
    this.#idleCount--;
    this.#idleBytes -= shared.byteLength;
    return shared;
  }

  #lend(shared: SharedArrayBuffer): BufferLease {
    this.#inUse++;
    this.#inUseBytes += shared.byteLength;
    return new BufferLease(shared, this.#takeBack);
  }

  readonly #takeBack = (shared: SharedArrayBuffer): void => {
    this.#inUse--;
    this.#inUseBytes -= shared.byteLength;
    const size = sizeClassWithin(shared.byteLength);
    if (size === undefined || shared.byteLength > this.#maxIdleBytes) {
      this.#known.delete(shared);
      return;
    }
    this.#makeRoomFor(shared.byteLength);
    const shelf = this.#idle.get(size);
    if (shelf) shelf.push(shared);
    else this.#idle.set(size, [shared]);
    this.#idleCount++;
    this.#idleBytes += shared.byteLength;
  };

  #makeRoomFor(bytes: number): void {
    for (const size of this.#idle.keys()) {
      while (this.#idleBytes + bytes > this.#maxIdleBytes) {
        const dropped = this.#takeIdle(size);
        if (dropped === undefined) break;
        this.#known.delete(dropped);
      }
    }
  }
}

/** The smallest class that holds `bytes`. */
function sizeClassFor(bytes: number): number {
  const step = stepAt(bytes);
  return Math.max(SMALLEST_CLASS, Math.ceil(bytes / step) * step);
}

/** The largest class that a buffer of `bytes` can serve, if any. */
function sizeClassWithin(bytes: number): number | undefined {
  const step = stepAt(bytes);
  return bytes < SMALLEST_CLASS ? undefined : Math.floor(bytes / step) * step;
}

/** Four classes lie between a power of two and the next. */
function stepAt(bytes: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(bytes, SMALLEST_CLASS))) / 4;
}
