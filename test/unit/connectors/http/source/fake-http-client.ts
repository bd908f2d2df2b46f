/** An HTTP client whose server is a function of the request. */
import { abortError } from "../../../../../src/core/clock.ts";
import { MillraceError } from "../../../../../src/core/errors.ts";
import type {
  HttpAnswer,
  HttpCall,
  HttpClient,
  HttpReply,
  HttpStreamedReply,
  HttpWait,
} from "../../../../../src/connectors/http/client/port.ts";

/** What the server answers; 200 and nothing unless it says otherwise. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The connection is lost behind so many bytes of the body. */
  readonly cutAt?: number;
  /** Where the answer came from, if not from where it was asked. */
  readonly url?: string;
}

/** A request as the server sees it. */
export interface FakeRequest {
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Requests before it. */
  readonly number: number;
}

/** Counts what is asked of it, and what is open. */
export class FakeHttpClient implements HttpClient {
  readonly requests: FakeRequest[] = [];
  /** Replies that are open. */
  openReplies = 0;
  /** Requests under way at once, at most. */
  most = 0;
  isClosed = false;
  readonly #answer: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;
  readonly #pieceBytes: number;
  #underWay = 0;

  /** @param pieceBytes bytes of a streamed body that come at once */
  constructor(answer: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>, pieceBytes = 4096) {
    this.#answer = answer;
    this.#pieceBytes = pieceBytes;
  }

  hide(text: string): string {
    return text.replaceAll("s3cret", "***");
  }

  get stats(): HttpClient["stats"] {
    return { connections: this.openReplies, requests: this.#underWay };
  }

  async send(call: HttpCall, { signal, maxBytes }: HttpWait & { readonly maxBytes: number }): Promise<HttpReply> {
    const answer = await this.#ask(call, signal);
    const body = Buffer.from(answer.body ?? "");
    if (answer.cutAt !== undefined) throw cut();
    if (body.length > maxBytes) throw new MillraceError("SOURCE_FAILED", "the reply is longer than maxBytes");
    return { ...answerOf(call, answer), body };
  }

  async open(call: HttpCall, { signal }: HttpWait): Promise<HttpStreamedReply> {
    const answer = await this.#ask(call, signal);
    const body = Buffer.from(answer.body ?? "");
    this.openReplies++;
    let at = 0;
    let isOpen = true;
    return {
      ...answerOf(call, answer),
      read: async (into) => {
        if (signal.aborted) throw abortError(signal);
        if (answer.cutAt !== undefined && at >= answer.cutAt) throw cut();
        const end = Math.min(at + this.#pieceBytes, at + into.length, answer.cutAt ?? body.length);
        const piece = body.subarray(at, end);
        into.set(piece);
        at += piece.length;
        return piece.length;
      },
      [Symbol.asyncDispose]: async () => {
        if (isOpen) this.openReplies--;
        isOpen = false;
      },
    };
  }

  faultOf({ status, url }: HttpAnswer, body: Uint8Array): MillraceError {
    const code = status >= 500 || status === 429 ? "SOURCE_UNAVAILABLE" : "SOURCE_FAILED";
    return new MillraceError(code, `${url.pathname} answered ${status}: ${Buffer.from(body).toString()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }

  async #ask({ url, method, headers = {}, body }: HttpCall, signal: AbortSignal): Promise<FakeAnswer> {
    if (signal.aborted) throw abortError(signal);
    const number = this.requests.length;
    const query = Object.fromEntries(url.searchParams);
    const request = { url, query, method, headers, body: Buffer.from(body ?? "").toString(), number };
    this.requests.push(request);
    this.#underWay++;
    this.most = Math.max(this.most, this.#underWay);
    try {
      return await this.#answer(request);
    } finally {
      this.#underWay--;
    }
  }
}

function answerOf({ url }: HttpCall, { status = 200, headers = {}, url: from }: FakeAnswer): HttpAnswer {
  return { status, header: (name) => headers[name.toLowerCase()], url: from === undefined ? url : new URL(from) };
}

function cut(): MillraceError {
  return new MillraceError("SOURCE_UNAVAILABLE", "the connection was lost");
}
