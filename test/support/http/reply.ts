/** What an endpoint of the unruly server is asked, and what it answers when nothing goes wrong on the way. */

/** A request that was read to its end. */
export interface Request {
  /** Of all requests of its server, from 1. */
  readonly number: number;
  readonly method: string;
  readonly url: URL;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string | undefined };
  readonly body: string;
}

/** A body that lies there, or one that is made while it is sent. */
export type ReplyBody = Uint8Array | Iterable<Uint8Array>;

/** An answer. */
export interface Reply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string };
  readonly body: ReplyBody;
  /** Bytes of a body that is made while it is sent; absent: it goes in pieces, and its end alone says how long it was. */
  readonly length?: number;
}

/** Answers the requests of one path. */
export interface Endpoint {
  answer(request: Request): Reply;
}

/** An answer in JSON. @param text as it goes out */
export function jsonReply(text: string, status = 200, headers: Reply["headers"] = {}): Reply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: Buffer.from(text) };
}

/** An answer that is nothing but its status. */
export function emptyReply(status: number, headers: Reply["headers"] = {}): Reply {
  return { status, headers, body: Buffer.alloc(0) };
}

/** Bytes of the answer's body, where it lies there or says so. */
export function lengthOf({ body, length }: Reply): number | undefined {
  return body instanceof Uint8Array ? body.byteLength : length;
}

/** The body, piece by piece. */
export function piecesOf(body: ReplyBody): Iterable<Uint8Array> {
  return body instanceof Uint8Array ? [body] : body;
}
