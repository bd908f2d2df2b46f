/** One inflating stream: takes compressed pieces until it has had enough. */
import type { Transform } from "node:stream";

/** A stream of the runtime's zlib. */
export interface ZlibStream extends Transform {
  /** Compressed bytes that the engine took. */
  readonly bytesWritten: number;
}

/** Where the inflated bytes go. */
export interface InflateTarget {
  /** False when no more can be taken for now. */
  put(bytes: Uint8Array): boolean;
  room(): Promise<void>;
}

/**
 * Feeds one stream. gzip's takes member after member and ends before padding; zstd's ends behind a frame, unless the next
 * one begins with the next piece.
 */
export class InflateStream implements Disposable {
  readonly #stream: ZlibStream;
  /** Settles when the stream is through; rejects with its error. */
  readonly #through: Promise<void>;
  #given = 0;

  constructor(stream: ZlibStream, target: InflateTarget) {
    this.#stream = stream;
    this.#through = new Promise((resolve, reject) => {
      stream.once("end", resolve).once("close", resolve).once("error", reject);
    });
    this.#through.catch(() => undefined);
    stream.on("data", (bytes: Uint8Array) => {
      if (target.put(bytes)) return;
      stream.pause();
      void target.room().then(() => stream.resume());
    });
  }

  /**
   * Inflates a piece; its bytes may change again afterwards. Rejects when the data is corrupt.
   *
   * @returns the bytes that it took: fewer than given at the stream's end
   */
  async write(piece: Uint8Array): Promise<number> {
    const before = this.#given;
    this.#given += piece.byteLength;
    const written = new Promise<void>((resolve) => {
      this.#stream.write(piece, () => resolve());
    });
    await Promise.race([written, this.#through]);
    // An error settles the write first, and the last bytes of an ended stream may still wait to be taken.
    if (this.#stream.errored !== null || this.#stream.bytesWritten < this.#given) await this.#through;
    return this.#stream.bytesWritten - before;
  }

  /** No more pieces follow. Rejects when the data is incomplete. */
  async end(): Promise<void> {
    this.#stream.end();
    await this.#through;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}
