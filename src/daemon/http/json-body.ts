/** The bodies of requests to the API, as JSON. */
import type { z } from "zod";
import type { HttpRequest } from "../../core/ports/http-routes.ts";
import { refusal } from "../../server/problem.ts";

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
