/** Says "not modified" to whoever has what it would answer already (RFC 9110, 13). */
import { hash } from "node:crypto";
import { type Endpoint, emptyReply, piecesOf, type Reply, type Request } from "./reply.ts";

/** Tells the answers of another endpoint from each other by their ETags. */
export class Conditional implements Endpoint {
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  answer(request: Request): Reply {
    const reply = this.#endpoint.answer(request);
    const etag = `"${hash("sha1", Buffer.concat([...piecesOf(reply.body)]))}"`;
    if (request.headers["if-none-match"] === etag) return emptyReply(304, { etag });
    return { ...reply, headers: { ...reply.headers, etag } };
  }
}
