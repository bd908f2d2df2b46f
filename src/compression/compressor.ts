/** A compressor over the runtime's own streams: one stream a member. */
import type { Transform } from "node:stream";
import { MillraceError } from "../core/errors.ts";
import type { Compressor } from "../core/ports/compression.ts";

/** Compresses with streams that `begin` makes, each of which ends with its member. */
export class StreamCompressor implements Compressor {
  readonly #begin: () => Transform;
  #member: Member | null = null;
  #disposed = false;

  constructor(begin: () => Transform) {
    this.#begin = begin;
  }

  async write(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#assertOpen();
    this.#member ??= new Member(this.#begin());
    const ready = await this.#member.write(bytes);
    this.#assertOpen();
    return ready;
  }

  async end(): Promise<readonly Uint8Array[]> {
    this.#assertOpen();
    const member = this.#member ?? new Member(this.#begin());
    this.#member = null;
    using _ = member;
    return await member.end();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#member?.[Symbol.dispose]();
    this.#member = null;
  }

  #assertOpen(): void {
    if (this.#disposed)
      throw new MillraceError("CLOSED", "the compressor is closed: nothing more can be written to it");
  }
}

class Member implements Disposable {
  readonly #stream: Transform;
  #ready: Uint8Array[] = [];

  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on("data", (bytes: Uint8Array) => this.#ready.push(bytes));
    // Told to the callback of the write that met it.
    stream.on("error", () => undefined);
  }

  write(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(failed(error)) : resolve(this.#take())));
    });
  }

  end(): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#stream.once("error", (error) => reject(failed(error)));
      this.#stream.once("end", () => resolve(this.#take()));
      this.#stream.end();
    });
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  #take(): readonly Uint8Array[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}

function failed(error: Error): MillraceError {
  return MillraceError.from(error, "SINK_FAILED", "compressing");
}
