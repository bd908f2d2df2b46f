/** The bodies of requests: read within a bound, and as JSON. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import { MillraceError } from "../../core/errors.ts";
import type { HttpRequest } from "../../core/ports/http-routes.ts";
import { refusal } from "./problem.ts";

/** Reads a request's body; `response` tells a client that waits for it to go on. */
export async function readBody(request: IncomingMessage, response: ServerResponse, maxBytes: number): Promise<Buffer> {
  const tooLarge = refusal(413, `the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge;
  if (request.headers.expect !== undefined) response.writeContinue();
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += part.byteLength;
      if (bytes > maxBytes) throw tooLarge;
      parts.push(part);
    }
  } catch (cause) {
    if (cause === tooLarge) throw cause;
    throw new MillraceError("ABORTED", "the client went away before its request was complete", { cause });
  }
  return Buffer.concat(parts);
}

/**
 * The body of a POST as the object that `shape` says; none at all is `{}`.
 *
 * @throws MillraceError USAGE, as a 415 where it is not JSON by its header, as a 400 where it is not what it should be
 */
export async function jsonBody<S extends z.ZodType>(
  request: HttpRequest,
  shape: S,
  maxBytes: number,
): Promise<z.output<S>> {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  // Pages of other sites may post without asking first, but not with this type.
  if (!/^application\/json *(?:;|$)/i.test(type)) throw refusal(415, "POST takes content-type: application/json");
  if (encoding.toLowerCase() !== "identity") throw refusal(415, "the body has to come without content-encoding");
  const value = parseJson(await request.readBody(maxBytes));
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${["body", ...path].join(".")}: ${message}`);
  throw refusal(400, faults.slice(0, SHOWN_FAULTS).join("; ").slice(0, SHOWN_CHARACTERS));
}

const SHOWN_FAULTS = 3;
const SHOWN_CHARACTERS = 500;
const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(body: Buffer): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    // The parser's own words quote the body, which may hold a secret.
    throw refusal(400, "the body is not JSON in UTF-8");
  }
}
