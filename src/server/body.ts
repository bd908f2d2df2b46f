/** The bodies of requests, read within a bound. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { MillraceError } from "../core/errors.ts";
import { refusal } from "./problem.ts";

/** Reads a request's body; `response` tells a client that waits for it to go on. */
export async function readBody(request: IncomingMessage, response: ServerResponse, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += part.byteLength;
      if (bytes > maxBytes) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new MillraceError("ABORTED", "the client went away before its request was complete", { cause });
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(parts);
}

function tooLarge(maxBytes: number): MillraceError {
  return refusal(413, `the body is larger than ${maxBytes} bytes`);
}
