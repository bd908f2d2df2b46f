/** One request on the wire and the answer to it, piece by piece. */
import type { Dispatcher } from "undici";
import { MillraceError } from "../../../core/errors.ts";
import type { NetworkFaults } from "./network-faults.ts";
import type { PieceSource } from "./piece-source.ts";

/** Body bytes that wait for their reader before the server is held up: a few reads of the socket. */
const AHEAD_BYTES = 512 * 1024;

/** A body that nobody reads is drained up to here, to keep its connection; a longer one costs the connection. */
const DRAIN_BYTES = 64 * 1024;

/** Whoever keeps the books of many exchanges. */
export interface ExchangeHost {
  readonly faults: NetworkFaults;
  /** Its status and headers are there. */
  answered(exchange: Exchange): void;
  /** It is through, or has failed. */
  ended(): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * What undici tells of one request, kept for whoever asks for it: the head, then pieces of the body or the whole. undici
 * calls the `on...` methods.
 */
export class Exchange implements Dispatcher.DispatchHandler, PieceSource {
  readonly method: string;
  readonly url: URL;
  readonly #host: ExchangeHost;
  readonly #pieces: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #heldBytes = 0;
  /** Bytes that the whole body may have, once it is asked for as a whole. */
  #wholeLimit: number | undefined;
  #ended = false;
  #failure: MillraceError | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(request: { readonly method: string; readonly url: URL }, host: ExchangeHost) {
    this.method = request.method;
    this.url = request.url;
    this.#host = host;
  }

  /** 0 until there is a head. */
  get status(): number {
    return this.#status;
  }

  /** By lower-case name. */
  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Resolves once status and headers are there. @throws MillraceError */
  async head(): Promise<void> {
    while (this.#status === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#change();
    }
  }

  /** A piece that is there already. */
  take(): Uint8Array | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    this.#heldBytes -= piece.byteLength;
    if (this.#heldBytes < AHEAD_BYTES) this.#controller?.resume();
    return piece;
  }

  /** The next piece; undefined at the end. @throws MillraceError */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.take();
      if (piece !== undefined) return piece;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#change();
    }
  }

  /** What is left of the body, as it came; undefined when that is more than `maxBytes`. @throws MillraceError */
  async whole(maxBytes: number): Promise<Uint8Array | undefined> {
    this.#wholeLimit = maxBytes;
    this.#controller?.resume();
    while (!this.#ended && this.#failure === undefined && this.#heldBytes <= maxBytes) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#heldBytes > maxBytes) return undefined;
    const [first] = this.#pieces;
    return this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces, this.#heldBytes);
  }

  /** Takes the rest of the body and forgets it. */
  async drop(): Promise<void> {
    let seen = 0;
    try {
      for (let piece = await this.next(); piece !== undefined && seen <= DRAIN_BYTES; piece = await this.next())
        seen += piece.byteLength;
    } catch {
      // Nobody wanted it, so nobody misses it.
    }
    this.cancel();
  }

  /** Ends it, if it has not ended: whoever waits for it gets the error, and the connection is closed. */
  cancel(reason?: MillraceError): void {
    if (this.#ended || this.#failure !== undefined) return;
    const error = reason ?? new MillraceError("CLOSED", "the rest of the reply is not wanted");
    this.#pieces.length = 0;
    this.#heldBytes = 0;
    this.#fail(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was still in undici's queue when it was cancelled.
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200 || this.#failure !== undefined) return;
    this.#status = status;
    this.#headers = headers;
    this.#host.answered(this);
    this.#wake();
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#pieces.push(piece);
    this.#heldBytes += piece.byteLength;
    if (this.#wholeLimit === undefined) {
      if (this.#heldBytes >= AHEAD_BYTES) controller.pause();
      this.#wake();
    } else if (this.#heldBytes > this.#wholeLimit) {
      this.#wake();
    }
  }

  onResponseEnd(): void {
    if (this.#failure !== undefined) return;
    this.#ended = true;
    this.#host.ended();
    this.#wake();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#fail(this.#host.faults.of(error, { method: this.method, url: this.url, answered: this.#status > 0 }));
  }

  #fail(error: MillraceError): void {
    this.#failure = error;
    this.#host.ended();
    this.#wake();
  }

  #change(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
