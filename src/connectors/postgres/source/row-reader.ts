/** Rows of one range as framed records, row after row as the server sends them. */
import type { Readable } from "node:stream";
import { onAbort } from "../../../core/abort.ts";
import type { SharedBytes } from "../../../core/chunk.ts";
import { abortError } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import type { FrameBatch, FrameReader } from "../../../core/ports/source.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { sourceError } from "./errors.ts";
import type { RowWords } from "./row-words.ts";
import type { Server } from "./server.ts";

const LF = 10;

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
  readonly pid: number;
  readonly rows: AsyncIterator<Buffer, undefined>;
  isAtEnd: boolean;
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
  /** What came and was not given: whole rows, and the begin of one. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isAtEnd = false;
  #closed: Promise<void> | undefined;

  constructor(options: RowReaderOptions) {
    this.#options = options;
    this.#after = options.after;
    this.#aborting = onAbort(options.signal, () => void this.#close());
  }

  async read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined> {
    const { signal } = this.#options;
    try {
      await this.#fill(maxBytes);
    } catch (thrown) {
      await this.#close();
      throw signal.aborted ? abortError(signal) : this.#failure(thrown);
    }
    if (signal.aborted) throw abortError(signal);
    return this.#heldBytes === 0 ? undefined : this.#give(lease);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#aborting[Symbol.dispose]();
    await this.#close();
  }

  /** Waits until there is enough to give: so many bytes and at least one whole row, or all that is left. */
  async #fill(maxBytes: number): Promise<void> {
    if (this.#options.signal.aborted) return;
    let hasRow = this.#held.some((piece) => piece.includes(LF));
    while (!this.#isAtEnd && !(hasRow && this.#heldBytes >= maxBytes)) {
      this.#copying ??= await this.#open();
      // it may have been told to end while there was nothing yet to close
      if (this.#options.signal.aborted) throw abortError(this.#options.signal);
      const { value } = await this.#copying.rows.next();
      if (this.#options.signal.aborted) return;
      if (value === undefined) {
        this.#copying.isAtEnd = true;
        this.#isAtEnd = true;
        await this.#close();
        return;
      }
      this.#held.push(value);
      this.#heldBytes += value.length;
      hasRow ||= value.includes(LF);
    }
  }

  async #open(): Promise<Copying> {
    const { server, snapshot, statement, signal, sessions } = this.#options;
    const connection = await server.begin(signal, await snapshot?.());
    try {
      const { rows } = await connection.query("SELECT pg_backend_pid() AS pid");
      const stream: Readable = connection.copyTo(statement(this.#after));
      // an error that nobody waits for just now is met by the next read
      stream.on("error", () => {});
      sessions(1);
      const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
      return { connection, pid: Number(rows[0]?.["pid"]), rows: iterator, isAtEnd: false };
    } catch (thrown) {
      await connection[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #give(lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch> {
    const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held, this.#heldBytes);
    const bytes = this.#isAtEnd ? all.length : all.lastIndexOf(LF) + 1;
    this.#hold(all);
    const memory = await lease(bytes);
    memory.bytes.set(all.subarray(0, bytes));
    this.#hold(all.subarray(bytes));
    const ends = rowEnds(all.subarray(0, bytes));
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

  #hold(bytes: Buffer): void {
    this.#held = bytes.length === 0 ? [] : [bytes];
    this.#heldBytes = bytes.length;
  }

  /** Ends the session, once; whoever asks waits for it. */
  async #close(): Promise<void> {
    const copying = this.#copying;
    this.#copying = undefined;
    if (!this.#isAtEnd) this.#hold(Buffer.alloc(0));
    if (copying !== undefined) this.#closed = this.#end(copying);
    await this.#closed;
  }

  /** Where rows are still to come the server is told, for it may be far from sending the next. */
  async #end({ connection, pid, isAtEnd }: Copying): Promise<void> {
    const { server, sessions } = this.#options;
    if (!isAtEnd && connection.lost === undefined) await server.cancel(pid);
    await connection[Symbol.asyncDispose]();
    sessions(-1);
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

/** Offsets behind the rows: within one a line end is escaped. */
function rowEnds(rows: Buffer): Int32Array {
  const ends: number[] = [];
  for (let at = rows.indexOf(LF); at !== -1; at = rows.indexOf(LF, at + 1)) ends.push(at + 1);
  return Int32Array.from(ends);
}
