/** A file's content: what is left of its bytes once they are decompressed and turned into UTF-8. Positions count these. */
import type { ByteInput, Codec, InflateLimits } from "../../core/ports/compression.ts";
import type { Transcoder } from "../../core/ports/format.ts";

/** What stands between a file's bytes and its content. */
export interface Layers {
  readonly codec: Codec | null;
  readonly limits: InflateLimits;
  /** Makes one for a reading; null: the bytes are taken as they are. */
  readonly transcoder: (() => Transcoder) | null;
}

/** Content that is being read. */
export interface Content extends ByteInput, AsyncDisposable {}

/** Encoded bytes that are transcoded at once. */
const PIECE_BYTES = 64 * 1024;

/** Whether every byte of the file is one of its content, so that reading may begin anywhere. */
export function isDirect({ codec, transcoder }: Layers): boolean {
  return codec === null && transcoder === null;
}

/**
 * The content of a file's bytes, from its beginning.
 *
 * @param name of the file, for messages
 */
export function contentOf(bytes: ByteInput, name: string, { codec, limits, transcoder }: Layers): Content {
  const inflated = codec === null ? undisposed(bytes) : codec.inflate(bytes, name, limits);
  return transcoder === null ? inflated : new TranscodedContent(inflated, transcoder());
}

function undisposed(bytes: ByteInput): Content {
  return { read: (into) => bytes.read(into), [Symbol.asyncDispose]: async () => undefined };
}

class TranscodedContent implements Content {
  readonly #input: Content;
  readonly #transcoder: Transcoder;
  readonly #buffer = new Uint8Array(PIECE_BYTES);
  #piece: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(input: Content, transcoder: Transcoder) {
    this.#input = input;
    this.#transcoder = transcoder;
  }

  async read(into: Uint8Array): Promise<number> {
    while (!this.#ended) {
      const { read, written } = this.#transcoder.write(this.#piece, into);
      this.#piece = this.#piece.subarray(read);
      if (written > 0) return written;
      const length = await this.#input.read(this.#buffer);
      this.#piece = this.#buffer.subarray(0, length);
      this.#ended = length === 0;
    }
    return this.#transcoder.end(into);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input[Symbol.asyncDispose]();
  }
}
