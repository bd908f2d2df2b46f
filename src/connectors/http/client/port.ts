/** An HTTP client as the source and the sink see it: requests go out, replies come back, everything else is behind it. */
import type { MillraceError } from "../../../core/errors.ts";

/** One request. */
export interface HttpCall {
  readonly method: string;
  /** Absolute, with its query. */
  readonly url: URL;
  /** Beside those of the connection, which they take the place of. By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Those of them that tell no secret and go along when a redirect leads to another host, beside the usual ones. */
  readonly publicHeaders?: readonly string[];
  readonly body?: Uint8Array;
}

/** What a server answered, whatever it means. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name; undefined where there is none. */
  header(name: string): string | undefined;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

/** An answer that was read to its end and inflated. */
export interface HttpReply extends HttpAnswer {
  readonly body: Uint8Array;
}

/** An answer whose body is read as it comes, inflated; disposing of it drops the rest. */
export interface HttpStreamedReply extends HttpAnswer, AsyncDisposable {
  /** Fills a part of `into`; 0 at the end. @throws MillraceError SOURCE_UNAVAILABLE when it was cut or stands still */
  read(into: Uint8Array): Promise<number>;
}

/** How an answer is waited for. */
export interface HttpWait {
  readonly signal: AbortSignal;
}

/**
 * Sends requests over one pool of connections, with the connection's headers, credentials, limits and times.
 *
 * It answers for the exchange and not for what the status means: any final status is an answer, but for a 401 that a
 * fresh token takes away. What passes by itself (no connection, a cut, a time that ran out) is thrown as SOURCE_UNAVAILABLE
 * or SINK_UNAVAILABLE, by the side that the client is made for; what does not as SOURCE_FAILED or SINK_REFUSED.
 */
export interface HttpClient extends AsyncDisposable {
  /**
   * Sends, and reads the whole answer.
   *
   * @param wait `maxBytes`: an answer that is longer, inflated, is refused (SOURCE_FAILED, SINK_REFUSED) as soon as that is known
   */
  send(call: HttpCall, wait: HttpWait & { readonly maxBytes: number }): Promise<HttpReply>;
  /** Sends, and gives the answer once its headers are there. */
  open(call: HttpCall, wait: HttpWait): Promise<HttpStreamedReply>;
  /**
   * What a status other than success means: an error that says address, status, what the server said and what to do.
   * 408, 425, 429 and 5xx are transient (with `retryAfterMs` in `details` where the server said how long, in both notations),
   * 401 and 407 fatal; others fatal for a source and of fault class `record` for a sink.
   *
   * @param body as much of it as is there
   */
  faultOf(answer: HttpAnswer, body: Uint8Array): MillraceError;
  /** What a server said, as it may be told: with stars where it repeats the secrets that it was sent. */
  hide(text: string): string;
  /** Connections that are open and requests under way. */
  readonly stats: { readonly connections: number; readonly requests: number };
}
