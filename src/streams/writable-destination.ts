/** Node's writable streams as destinations: sockets, responses, standard output. */
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { MillraceError } from "../core/errors.ts";
import type { EncodeSpec } from "../core/ports/format.ts";
import { messageOf } from "../core/thrown.ts";
import type { Rows, RowTarget } from "./row-target.ts";
import type { Destination } from "./write-records.ts";

/** A stream that is ended behind the last row, or destroyed when writing fails. */
export function writableDestination(stream: Writable, encode: EncodeSpec): Destination {
  return {
    encode,
    async open(_columns, head): Promise<RowTarget> {
      const target = new WritableTarget(stream);
      if (head.length > 0) await target.push(head);
      return target;
    },
    async [Symbol.asyncDispose]() {
      // The stream is the caller's until it is opened.
    },
  };
}

class WritableTarget implements RowTarget {
  readonly keepsBytes = true;
  readonly #stream: Writable;
  #ended = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", () => {}); // told to the write that met it
  }

  write({ bytes }: Rows): Promise<void> {
    return this.push(bytes);
  }

  /** Writes bytes; resolves when the stream has taken them. */
  push(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(failed(error)) : resolve()));
    });
  }

  /** Standard output and error are the process's: they are written, but never ended. */
  async finish(): Promise<void> {
    this.#ended = true;
    if (this.#stream === process.stdout || this.#stream === process.stderr) return;
    try {
      this.#stream.end();
      await finished(this.#stream, { readable: false });
    } catch (thrown) {
      throw failed(thrown);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#stream.destroy();
  }
}

function failed(cause: unknown): MillraceError {
  return new MillraceError("SINK_FAILED", `writing to the stream: ${messageOf(cause)}`, { cause });
}
