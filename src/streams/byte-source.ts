/** Bytes that a program makes or receives, read like a file. */
import { MillraceError } from "../core/errors.ts";
import type { ByteInput } from "../core/ports/compression.ts";
import { abortable } from "../runtime/abortable.ts";

/** A stream of bytes: a Node `Readable`, a web `ReadableStream`, a generator. Text is taken as UTF-8. */
export type ByteSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

const NOTHING = Buffer.alloc(0);

/** Reads a byte source once. Disposing closes it, also while a read waits for it. */
export class ByteSourceInput implements ByteInput, AsyncDisposable {
  readonly #pieces: AsyncIterator<Uint8Array | string> | Iterator<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #closed = new AbortController();
  #piece: Uint8Array = NOTHING;
  #waiting = false;
  #ended = false;

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#signal = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
  }

  async read(into: Uint8Array): Promise<number> {
    while (this.#piece.length === 0 && !this.#ended) await this.#next();
    const length = Math.min(into.length, this.#piece.length);
    into.set(this.#piece.subarray(0, length));
    this.#piece = this.#piece.subarray(length);
    return length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    if (this.#ended) return;
    const closing = Promise.resolve(this.#pieces.return?.());
    // A source that is waiting for something itself can only be told: it closes when that has come.
    if (this.#waiting) closing.catch(() => {});
    else await closing;
  }

  async #next(): Promise<void> {
    this.#waiting = true;
    const next = Promise.resolve(this.#pieces.next()).finally(() => {
      this.#waiting = false;
    });
    try {
      const { value, done } = await abortable(next, this.#signal);
      if (done === true) this.#ended = true;
      else this.#piece = bytesOf(value);
    } catch (thrown) {
      if (!this.#waiting) this.#ended = true;
      throw thrown instanceof MillraceError ? thrown : MillraceError.from(thrown, "SOURCE_FAILED", "reading the input");
    }
  }
}

/** The bytes that were looked at already, and then the rest. */
export class ReplayInput implements ByteInput {
  #head: Uint8Array;
  readonly #rest: ByteInput;

  constructor(head: Uint8Array, rest: ByteInput) {
    this.#head = head;
    this.#rest = rest;
  }

  async read(into: Uint8Array): Promise<number> {
    if (this.#head.length === 0) return await this.#rest.read(into);
    const length = Math.min(into.length, this.#head.length);
    into.set(this.#head.subarray(0, length));
    this.#head = this.#head.subarray(length);
    return length;
  }
}

function bytesOf(piece: unknown): Uint8Array {
  if (typeof piece === "string") return Buffer.from(piece);
  if (piece instanceof Uint8Array) return piece;
  throw new MillraceError("USAGE", `the input gave ${typeof piece} where bytes (Uint8Array) or text were expected`);
}
