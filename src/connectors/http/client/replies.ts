/** Answers as the client hands them out: the head alone, with the whole body, or with a body to be read. */
import type { Errand } from "./errand.ts";
import type { Exchange } from "./exchange.ts";
import { PieceReader, type PieceSource } from "./piece-source.ts";
import type { HttpAnswer, HttpReply, HttpStreamedReply } from "./port.ts";
import type { Leg } from "./redirects.ts";

/** The head of an answer, and where it came from. */
export class Answer implements HttpAnswer {
  readonly status: number;
  readonly url: URL;
  readonly #exchange: Exchange;
  readonly #abroad: boolean;

  constructor(exchange: Exchange, leg: Leg) {
    this.status = exchange.status;
    this.url = leg.call.url;
    this.#exchange = exchange;
    this.#abroad = leg.abroad;
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name.toLowerCase());
  }

  /** The method that it answers. */
  get method(): string {
    return this.#exchange.method;
  }

  /** Whether it is from another host than the one that was asked first. */
  get abroad(): boolean {
    return this.#abroad;
  }
}

/** With its whole body. */
export class Reply extends Answer implements HttpReply {
  readonly body: Uint8Array;

  constructor(exchange: Exchange, leg: Leg, body: Uint8Array) {
    super(exchange, leg);
    this.body = body;
  }
}

/** With a body that is read as it comes. */
export class StreamedReply extends Answer implements HttpStreamedReply {
  readonly #source: PieceSource;
  readonly #reader: PieceReader;
  readonly #errand: Errand;

  constructor(exchange: Exchange, leg: Leg, body: { readonly source: PieceSource; readonly errand: Errand }) {
    super(exchange, leg);
    this.#source = body.source;
    this.#reader = new PieceReader(body.source);
    this.#errand = body.errand;
  }

  read(into: Uint8Array): Promise<number> {
    return this.#reader.read(into);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#errand[Symbol.dispose]();
    this.#source.cancel();
  }
}
