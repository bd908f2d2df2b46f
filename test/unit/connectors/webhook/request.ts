/** Requests as a door sees them, without a server. */
import type { HttpReply, HttpRequest } from "../../../../src/core/ports/http-routes.ts";
import { refusal } from "../../../../src/server/problem.ts";

/** A POST with a body. */
export function requestOf(body: string | Uint8Array, headers: HttpRequest["headers"] = {}): HttpRequest {
  const bytes = Buffer.from(body);
  return {
    method: "POST",
    params: {},
    query: new URLSearchParams(),
    headers: { "content-length": String(bytes.length), ...headers },
    signal: new AbortController().signal,
    readBody: async (maxBytes) => {
      if (bytes.length > maxBytes) throw refusal(413, "the body is too large");
      return bytes;
    },
  };
}

/** The status of a reply, of a refusal too, with what it tells. */
export async function told(answer: Promise<HttpReply> | HttpReply): Promise<string> {
  const reply = await Promise.resolve(answer).catch((thrown: Error & { details?: { httpStatus?: number } }) => ({
    status: thrown.details?.httpStatus ?? 0,
    body: thrown.message,
    headers: {},
  }));
  const { "retry-after": after } = { ...reply.headers } as { readonly "retry-after"?: string };
  return `${reply.status}${after === undefined ? "" : ` after ${after} s`} ${String(reply.body).trim()}`;
}
