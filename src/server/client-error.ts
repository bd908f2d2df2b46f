/** What never became a request: too much, too slow, or no HTTP at all. It is told so by hand, for there is no response. */
import type { Socket } from "node:net";
import type { HttpReply } from "../core/ports/http-routes.ts";
import { HARDENING } from "./headers.ts";
import { problem } from "./problem.ts";
import { STATUS_CODES } from "./node-http.ts";

/** @param code what Node calls the fault */
export function clientProblem(code: string | undefined): HttpReply {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return problem(431, "USAGE", "the headers of the request are too large");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return problem(413, "USAGE", "the extensions of the body's chunks are too large");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return problem(408, "USAGE", "the request took too long to arrive");
    default:
      return problem(400, "USAGE", "this is not a request of HTTP/1.1");
  }
}

/** Writes a reply onto a connection and ends it. */
export function endWith(socket: Socket, { status, headers, body }: HttpReply): void {
  const text = typeof body === "string" ? body : "";
  const all = { ...HARDENING, ...headers, "content-length": Buffer.byteLength(text), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${text}`);
  socket.destroySoon();
}
