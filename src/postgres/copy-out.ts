/**
 * A COPY to here, as a stream of blocks of whole rows.
 *
 * pg-copy-streams gives the same bytes in other pieces; the main thread then spends most of its time on the memory of single
 * rows (decision 0043).
 */
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Connection as PgConnection, Submittable } from "pg";
import { CopyMessages } from "./copy-messages.ts";
import { RowBlocks } from "./row-blocks.ts";

/** A listener of the driver's. */
type Listener = (...values: unknown[]) => void;

/** Blocks of one COPY; the driver takes it as a query. */
export class CopyOut extends Readable implements Submittable {
  readonly #statement: string;
  readonly #messages = new CopyMessages();
  readonly #blocks: RowBlocks;
  #socket: Socket | undefined;
  /** Who reads from the socket before the COPY and after it. */
  #others: Listener[] = [];
  #isWanted = false;

  /** @param blockBytes what a block has at least, save for the last one */
  constructor(statement: string, blockBytes: number) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#statement = statement;
    this.#blocks = new RowBlocks(blockBytes);
  }

  submit(connection: PgConnection): void {
    const socket = connection.stream as Socket;
    this.#socket = socket;
    this.#others = socket.listeners("data") as Listener[];
    socket.removeAllListeners("data");
    socket.on("data", this.#take);
    if (!this.#isWanted) socket.pause();
    connection.query(this.#statement);
  }

  override _read(): void {
    this.#isWanted = true;
    this.#socket?.resume();
  }

  /** What still comes is taken and dropped, so that the server's next word is heard. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket?.resume();
    callback(error);
  }

  /** By the driver, for what the server says and for a lost session. */
  handleError(error: Error): void {
    this.#leave();
    this.destroy(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {}

  readonly #take = (piece: Buffer): void => {
    const messages = this.#messages;
    const rows = messages.take(piece);
    if (!this.destroyed) this.#add(rows);
    const { rest } = messages;
    if (rest === undefined) return;
    const others = this.#leave();
    if (messages.isDone && !this.destroyed) this.#finish();
    for (const other of others) other(rest);
  };

  #add(rows: Buffer): void {
    const { ends, endCount } = this.#messages;
    this.#blocks.add(rows, ends, endCount);
    if (!this.#blocks.isFull) return;
    this.#isWanted = this.push(this.#blocks.give());
    if (!this.#isWanted) this.#socket?.pause();
  }

  #finish(): void {
    const last = this.#blocks.give();
    if (last !== undefined) this.push(last);
    this.push(null);
  }

  /** Leaves the socket to the driver again. */
  #leave(): readonly Listener[] {
    const socket = this.#socket;
    const others = this.#others;
    this.#socket = undefined;
    this.#others = [];
    if (socket === undefined) return others;
    socket.off("data", this.#take);
    for (const other of others) socket.on("data", other);
    socket.resume();
    return others;
  }
}
