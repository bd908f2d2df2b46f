/** Inflates a stream of members beside whoever reads it. */
import { MillraceError } from "../core/errors.ts";
import type { ByteInput, CodecName, Inflated, InflateLimits } from "../core/ports/compression.ts";
import { formatBytes } from "../core/quantity.ts";
import { messageOf } from "../core/thrown.ts";
import { InflateStream, type InflateTarget, type ZlibStream } from "./inflate-stream.ts";
import { ReadAhead } from "./read-ahead.ts";

/** Inflated bytes that wait for their reader: a chunk, so that the next one is there when it is asked for. */
const AHEAD_BYTES = 1024 ** 2;

/** Compressed bytes that are inflated at once. A fault costs what its piece would have given, so they are small. */
const PIECE_BYTES = 32 * 1024;

/** Bytes out before the ratio counts: less does no harm, and a small file of equal lines is no bomb. */
const RATIO_FLOOR_BYTES = 64 * 1024 ** 2;

/** How a {@link MemberInflater} works. */
export interface InflaterOptions {
  readonly compression: CodecName;
  /** What is read, for messages. */
  readonly label: string;
  readonly limits: InflateLimits;
  /** Makes a stream for the members that follow. */
  readonly begin: () => ZlibStream;
  /** Whether zeros behind a member are padding. */
  readonly padding: boolean;
}

/** Inflates members until its input ends. The work is done on the runtime's thread pool. */
export class MemberInflater implements Inflated {
  readonly #input: ByteInput;
  readonly #options: InflaterOptions;
  readonly #ahead = new ReadAhead(AHEAD_BYTES);
  #work: Promise<void> | null = null;
  #stream: InflateStream | null = null;
  #stopped = false;
  /** Compressed bytes that are good, and those that were looked at. */
  #good = 0;
  #seen = 0;
  /** Bytes that came out. */
  #out = 0;

  constructor(input: ByteInput, options: InflaterOptions) {
    this.#input = input;
    this.#options = options;
  }

  async read(into: Uint8Array): Promise<number> {
    this.#work ??= this.#inflate();
    return await this.#ahead.read(into);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#ahead.drop();
    this.#stream?.[Symbol.dispose]();
    await this.#work;
  }

  async #inflate(): Promise<void> {
    try {
      await this.#inflatePieces();
      this.#ahead.end();
    } catch (thrown) {
      this.#ahead.end(MillraceError.from(thrown, "SOURCE_FAILED", `reading ${this.#options.label}`));
    } finally {
      this.#stream?.[Symbol.dispose]();
    }
  }

  async #inflatePieces(): Promise<void> {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const length = await this.#input.read(buffer);
      if (length === 0) break;
      this.#seen += length;
      for (let piece: Uint8Array = buffer.subarray(0, length); piece.byteLength > 0; ) {
        piece = await this.#inflatePiece(piece);
        if (this.#stopped) return;
      }
    }
    await this.#finish();
  }

  /** Gives back what lies behind the member's end. */
  async #inflatePiece(piece: Uint8Array): Promise<Uint8Array> {
    const data = this.#stream === null && this.#good > 0 && this.#options.padding ? withoutZeros(piece) : piece;
    this.#good += piece.byteLength - data.byteLength;
    if (data.byteLength === 0) return data;
    this.#stream ??= new InflateStream(this.#options.begin(), this.#target);
    const taken = await this.#stream.write(data).catch((thrown: unknown) => {
      throw this.#corrupt(thrown);
    });
    this.#good += taken;
    if (taken < data.byteLength) {
      this.#stream[Symbol.dispose]();
      this.#stream = null;
    }
    return data.subarray(taken);
  }

  async #finish(): Promise<void> {
    try {
      await this.#stream?.end();
    } catch (thrown) {
      throw this.#cutOff(thrown);
    }
  }

  readonly #target: InflateTarget = {
    put: (bytes) => {
      this.#out += bytes.byteLength;
      const bomb = this.#bomb();
      if (bomb === undefined) return this.#ahead.put(bytes);
      this.#stopped = true;
      this.#ahead.end(bomb);
      this.#stream?.[Symbol.dispose]();
      return true;
    },
    room: () => this.#ahead.room(),
  };

  #bomb(): MillraceError | undefined {
    const { maxRatio, maxBytes } = this.#options.limits;
    if (this.#out > maxBytes) {
      return this.#fault(
        `it inflates to more than inflate.maxBytes (${formatBytes(maxBytes)}). Raise that limit if the file is meant to be so large`,
      );
    }
    if (this.#out <= RATIO_FLOOR_BYTES || this.#out <= maxRatio * this.#seen) return undefined;
    return this.#fault(
      `its first ${formatBytes(this.#seen)} inflate to more than ${formatBytes(this.#out)}, over inflate.maxRatio ` +
        `(${maxRatio}) times as much, as a zip bomb does. Raise that limit if the data is really so uniform`,
    );
  }

  #corrupt(cause: unknown): MillraceError {
    const reason = messageOf(cause);
    const before = /data check|length check|checksum/i.test(reason)
      ? "what was read of it may be damaged too"
      : "everything up to there was good";
    return this.#fault(
      `its ${this.#options.compression} data is corrupt behind compressed byte ${this.#good}, decompressed byte ` +
        `${this.#out} (${reason}); ${before}. Get the file anew`,
      cause,
    );
  }

  #cutOff(cause: unknown): MillraceError {
    return this.#fault(
      `its ${this.#options.compression} data is cut off at compressed byte ${this.#good}, decompressed byte ${this.#out}; ` +
        "everything up to there was good. Get the whole file",
      cause,
    );
  }

  #fault(what: string, cause?: unknown): MillraceError {
    const { label } = this.#options;
    const details = { file: label, compressedBytes: this.#good, decompressedBytes: this.#out };
    return new MillraceError("SOURCE_FAILED", `reading ${label}: ${what}`, { cause, details });
  }
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const begin = bytes.findIndex((byte) => byte !== 0);
  return begin < 0 ? bytes.subarray(bytes.byteLength) : bytes.subarray(begin);
}
