/** A compressed body, inflated as it is read. */
import type { Transform } from "node:stream";
import { MillraceError } from "../../../core/errors.ts";
import type { PieceSource } from "./piece-source.ts";

/** A stream of the runtime's zlib. */
export interface ZlibStream extends Transform {
  /** Compressed bytes that the engine took. */
  readonly bytesWritten: number;
}

/** How a layer is inflated, and what its faults are called. */
export interface InflatedOptions {
  readonly begin: () => ZlibStream;
  /** @param out bytes that came out before */
  readonly damaged: (cause: unknown, out: number) => MillraceError;
}

/**
 * Inflates one layer. A stream of zstd ends with its first frame even if more of them follow, so a new one goes on where one
 * has ended. The work is done on the runtime's thread pool, no faster than the pieces are taken.
 */
export class Inflated implements PieceSource {
  readonly #source: PieceSource;
  readonly #options: InflatedOptions;
  readonly #pieces: AsyncGenerator<Uint8Array, undefined>;
  #member: Member | undefined;
  #out = 0;
  #failure: MillraceError | undefined;

  constructor(source: PieceSource, options: InflatedOptions) {
    this.#source = source;
    this.#options = options;
    this.#pieces = this.#inflate();
  }

  take(): undefined {
    return undefined;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const { value } = await this.#pieces.next();
      this.#out += value?.byteLength ?? 0;
      return value;
    } catch (thrown) {
      this.#failure = thrown instanceof MillraceError ? thrown : this.#options.damaged(thrown, this.#out);
      this.cancel();
      throw this.#failure;
    }
  }

  cancel(): void {
    this.#source.cancel();
    this.#member?.[Symbol.dispose]();
  }

  /** A body without any bytes has nothing to inflate, whatever its headers say: a 304 has none. */
  async *#inflate(): AsyncGenerator<Uint8Array, undefined> {
    for (let piece = await this.#source.next(); piece !== undefined; piece = await this.#source.next()) {
      for (let rest = piece; rest.byteLength > 0; ) {
        this.#member ??= new Member(this.#options.begin());
        const before = this.#member.taken;
        yield* this.#member.write(rest);
        rest = rest.subarray(this.#member.taken - before);
        if (this.#member.ended) this.#member = undefined;
      }
    }
    if (this.#member !== undefined) yield* this.#member.end();
    return undefined;
  }
}

/** One stream, from its begin to its end. */
class Member implements Disposable {
  readonly #stream: ZlibStream;
  #failure: Error | undefined;
  #ended = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(stream: ZlibStream) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    stream.on("error", (error) => this.#fail(error));
    stream.on("close", () => this.#fail(new MillraceError("CLOSED", "the body is not read any more")));
  }

  get taken(): number {
    return this.#stream.bytesWritten;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What comes out of a piece. It may end before all of it is taken. */
  async *write(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    let written = false;
    this.#stream.write(piece, (error) => {
      if (error) this.#fail(error);
      written = true;
      this.#wake();
    });
    yield* this.#until(() => written);
  }

  /** No more pieces follow. */
  async *end(): AsyncGenerator<Uint8Array> {
    this.#stream.end();
    yield* this.#until(() => false);
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  async *#until(done: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let out = this.#read(); out !== null; out = this.#read()) yield out;
      if (this.#ended || done()) return;
      if (this.#failure !== undefined) throw this.#failure;
      this.#waiting ??= Promise.withResolvers();
      await this.#waiting.promise;
    }
  }

  #read(): Uint8Array | null {
    return this.#stream.read() as Uint8Array | null;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
