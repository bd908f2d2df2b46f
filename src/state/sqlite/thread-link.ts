/**
 * The main thread's end of the wire to the thread that owns the database: numbers requests, hands answers back.
 *
 * The thread keeps the process alive only while an answer is due.
 */
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { storeClosed } from "../faults.ts";
import type { Arguments, Operation, Outcome } from "../operations.ts";
import { type FromThread, type StateReply, type ToThread, unpackError } from "./messages.ts";

/** What a Worker and a MessagePort have in common. */
export interface Wire {
  postMessage(message: ToThread): void;
  on(event: "message", listener: (message: FromThread) => void): unknown;
  ref(): unknown;
  unref(): unknown;
}

/** How the requests have been gathered. */
export interface StoreStats {
  /** Requests answered. */
  readonly requests: number;
  /** Transactions that made them durable. */
  readonly transactions: number;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: MillraceError) => void;
}

/** The wire at work. */
export class ThreadLink {
  readonly #wire: Wire;
  readonly #label: string;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #lastId = 0;
  /** Why no more requests are taken. */
  #refusal: MillraceError | undefined;
  #stats: StoreStats = { requests: 0, transactions: 0 };

  /** @param label the store, for people */
  constructor(wire: Wire, label: string, clock: Clock) {
    this.#wire = wire;
    this.#label = label;
    this.#clock = clock;
    wire.on("message", (message) => this.#receive(message));
  }

  /** Resolves when the database is open. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  get stats(): StoreStats {
    return this.#stats;
  }

  /** Sends a request; resolves when what it changed is durable. */
  call<O extends Operation>(operation: O, args: Arguments<O>): Promise<Outcome<O>> {
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      const id = ++this.#lastId;
      this.#wire.postMessage({ kind: "request", request: { id, operation, args, at: this.#clock.now() } });
      if (this.#pending.size === 0) this.#wire.ref();
      this.#pending.set(id, { resolve, reject });
    });
  }

  /** Takes no more requests, lets those under way be answered, closes the database. */
  close(): Promise<void> {
    if (this.#refusal === undefined) {
      this.#refusal = storeClosed(`state store ${this.#label}`);
      this.#wire.ref();
      this.#wire.postMessage({ kind: "close" });
    }
    return this.#closed.promise;
  }

  /** The thread is gone: whoever waits for it learns why. */
  end(cause: unknown): void {
    const error = new MillraceError("STATE_UNAVAILABLE", `the thread of state store ${this.#label} ended by itself`, {
      cause,
      fault: "fatal",
    });
    this.#refusal ??= error;
    this.#opened.reject(error);
    this.#closed.resolve();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case "opened":
        this.#wire.unref();
        return this.#opened.resolve();
      case "failed":
        return this.#opened.reject(unpackError(message.error));
      case "closed":
        return this.#closed.resolve();
      case "replies":
        this.#stats = {
          requests: this.#stats.requests + message.replies.length,
          transactions: message.transactions,
        };
        for (const reply of message.replies) this.#settle(reply);
        if (this.#pending.size === 0 && this.#refusal === undefined) this.#wire.unref();
    }
  }

  #settle(reply: StateReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.value as never);
    else pending?.reject(unpackError(reply.error));
  }
}
