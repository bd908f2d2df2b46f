/**
 * A database that the calling thread serves itself at first, and that moves into a thread of its own when it is still
 * open after a while: a thread takes more memory and time than all that a short run has to write down.
 */
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import type { Clock } from "../../core/clock.ts";
import type { FromThread, ToThread } from "./messages.ts";
import { serve, type ServeOptions } from "./serve.ts";
import { startThread } from "./start-thread.ts";
import type { Wire } from "./thread-link.ts";

/** What a {@link LateThread} is made of. */
export interface LateThreadOptions extends ServeOptions {
  /** Milliseconds until the thread is started. */
  readonly afterMs: number;
  readonly clock: Clock;
  /** Called when the thread that serves ends by itself. */
  readonly onEnd: (cause: unknown) => void;
}

/** A wire to whoever serves the database at the time; it moves only while no answer is due. */
export class LateThread implements Wire {
  readonly #options: LateThreadOptions;
  readonly #timer: Disposable;
  #server: MessagePort | Worker;
  #thread: Worker | null = null;
  #threadIsOpen = false;
  #listener: (message: FromThread) => void = () => {};
  #due = 0;
  #closing = false;
  #keepsAlive = true;
  /** Transactions of the server before this one, and of all. */
  #earlier = 0;
  #transactions = 0;

  /** Opens the database; the first message says whether it could be. */
  constructor(options: LateThreadOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    serve(port2, options);
    port2.unref();
    port1.on("message", (message: FromThread) => this.#receive(message));
    this.#server = port1;
    this.#timer = options.clock.timer(options.afterMs, () => this.#startThread());
  }

  on(_event: "message", listener: (message: FromThread) => void): void {
    this.#listener = listener;
  }

  postMessage(message: ToThread): void {
    if (message.kind === "request") this.#due++;
    else this.#closing = true;
    this.#server.postMessage(message);
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#server.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#server.unref();
  }

  /** Lets go of the thread. */
  async end(): Promise<void> {
    this.#closing = true;
    this.#timer[Symbol.dispose]();
    await this.#thread?.terminate();
  }

  #receive(message: FromThread): void {
    if (message.kind !== "replies") return this.#listener(message);
    this.#due -= message.replies.length;
    this.#transactions = this.#earlier + message.transactions;
    this.#listener({ ...message, transactions: this.#transactions });
    this.#move();
  }

  #startThread(): void {
    const { file, label } = this.#options;
    const thread = startThread({ file, label });
    thread.unref();
    thread.on("message", (message: FromThread) => {
      if (this.#server === thread) return this.#receive(message);
      this.#threadIsOpen = message.kind === "opened";
      this.#move();
    });
    // Until it serves, its failure harms nobody: the database is open here.
    const ended = (cause: unknown): void => {
      this.#threadIsOpen = false;
      if (this.#server === thread) this.#options.onEnd(cause);
    };
    thread.on("error", ended);
    thread.on("exit", () => ended(undefined));
    this.#thread = thread;
  }

  #move(): void {
    const server = this.#server;
    const thread = this.#thread;
    if (thread === null || server === thread || !this.#threadIsOpen || this.#due > 0 || this.#closing) return;
    server.removeAllListeners("message");
    server.postMessage({ kind: "close" } satisfies ToThread);
    this.#earlier = this.#transactions;
    this.#server = thread;
    if (this.#keepsAlive) thread.ref();
  }
}
