/** Rows of one range as framed records, row after row as the server sends them. */
import type { Readable } from "node:stream";
import { onAbort } from "../../../core/abort.ts";
import type { SharedBytes } from "../../../core/chunk.ts";
import { abortError } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import type { FrameBatch, FrameReader } from "../../../core/ports/source.ts";
import type { Connection } from "../../../postgres/connection.ts";
import type { RowBlock } from "../../../postgres/row-blocks.ts";
import { sourceError } from "./errors.ts";
import type { RowWords } from "./row-words.ts";
import type { Server } from "./server.ts";

/** What a {@link RowReader} needs. */
export interface RowReaderOptions {
  readonly server: Server;
  /** For messages: `orders`. */
  readonly name: string;
  /** The moment to read as of; absent: each COPY's own. */
  readonly snapshot: (() => Promise<string>) | null;
  /** The COPY that goes on behind a row; null: from the range's begin. */
  readonly statement: (after: readonly string[] | null) => string;
  /** Null where nothing tells rows apart, and reading can only begin anew. */
  readonly words: RowWords | null;
  readonly after: readonly string[] | null;
  readonly signal: AbortSignal;
  /** Told when a session is opened (1) and let go of (-1). */
  readonly sessions: (change: 1 | -1) => void;
}

/** A COPY under way. */
interface Copying {
  readonly connection: Connection;
  readonly stream: Readable;
  readonly blocks: AsyncIterator<RowBlock, undefined>;
}

/** One range. After SOURCE_UNAVAILABLE it goes on behind the last row that it gave. */
export class RowReader implements FrameReader {
  readonly kind = "frames";
  readonly #options: RowReaderOptions;
  readonly #aborting: Disposable;
  #copying: Copying | undefined;
  #after: readonly string[] | null;
  /** Rows that were given. */
  #given = 0;
  #isAtEnd = false;
  #closed: Promise<void> | undefined;

  constructor(options: RowReaderOptions) {
    this.#options = options;
    this.#after = options.after;
    this.#aborting = onAbort(options.signal, () => void this.#close());
  }

  async read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined> {
    const { signal } = this.#options;
    let block: RowBlock | undefined;
    try {
      block = await this.#next(maxBytes);
    } catch (thrown) {
      await this.#close();
      throw signal.aborted ? abortError(signal) : this.#failure(thrown);
    }
    if (signal.aborted) throw abortError(signal);
    return block && this.#give(block, lease);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#aborting[Symbol.dispose]();
    await this.#close();
  }

  /** At least so many bytes of whole rows, or all that is left; undefined at the end. */
  async #next(bytes: number): Promise<RowBlock | undefined> {
    const { signal } = this.#options;
    if (this.#isAtEnd || signal.aborted) return undefined;
    this.#copying ??= await this.#open(bytes);
    // it may have been told to end while there was nothing yet to close
    if (signal.aborted) throw abortError(signal);
    const { value } = await this.#copying.blocks.next();
    if (value !== undefined || signal.aborted) return value;
    this.#isAtEnd = true;
    await this.#close();
    return undefined;
  }

  async #open(blockBytes: number): Promise<Copying> {
    const { server, snapshot, statement, signal, sessions } = this.#options;
    const connection = await server.begin(signal, await snapshot?.());
    try {
      const stream = connection.copyTo(statement(this.#after), blockBytes);
      // an error that nobody waits for just now is met by the next read
      stream.on("error", () => {});
      sessions(1);
      return { connection, stream, blocks: stream[Symbol.asyncIterator]() as Copying["blocks"] };
    } catch (thrown) {
      await connection[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #give(block: RowBlock, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch> {
    const { ends } = block;
    const bytes = block.bytes.length;
    const memory = await lease(bytes);
    memory.bytes.set(block.bytes);
    block[Symbol.dispose]();
    const { words } = this.#options;
    const first = this.#given;
    this.#given += ends.length;
    if (words === null) return { memory, bytes, ends, tokens: { after: (row) => `#${first + row + 1}` } };
    const after = (row: number): string =>
      words.wordOf(memory.bytes, row === 0 ? 0 : (ends[row - 1] as number), ends[row] as number);
    const last = after(ends.length - 1);
    this.#after = words.valuesOf(last);
    return { memory, bytes, ends, tokens: { after: (row) => (row === ends.length - 1 ? last : after(row)) } };
  }

  /** Ends the session, once; whoever asks waits for it. */
  async #close(): Promise<void> {
    const copying = this.#copying;
    this.#copying = undefined;
    if (copying !== undefined) this.#closed = this.#end(copying);
    await this.#closed;
  }

  /** Where rows are still to come the server is told, for it may be far from sending the next. */
  async #end({ connection, stream }: Copying): Promise<void> {
    stream.destroy();
    if (!this.#isAtEnd) await connection.cancel();
    await connection[Symbol.asyncDispose]();
    this.#options.sessions(-1);
  }

  #failure(thrown: unknown): MillraceError {
    const { name, server, words } = this.#options;
    const error = sourceError(thrown, `source: reading ${name} in ${server.label}`);
    if (error.code !== "SOURCE_UNAVAILABLE" || words !== null || this.#given === 0) return error;
    return new MillraceError(
      "SOURCE_FAILED",
      `${error.message}; ${name} has no key, so nothing can be read behind the rows that were given: name columns that tell ` +
        "its rows apart in source.key",
      { cause: thrown },
    );
  }
}
