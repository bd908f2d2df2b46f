/** What was sent, as the bytes that are kept, or why it cannot be taken. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HttpRequest } from "../../core/ports/http-routes.ts";
import { refusal } from "../../server/problem.ts";
import { type BodyFormat, bordersOf } from "./records.ts";

const inflate = promisify(gunzip);
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Types of JSON, and none in particular. */
const TAKEN =
  /^(?:$|text\/plain|application\/(?:[\w.+-]*[+.-])?(?:json|jsonl|ndjson)|application\/octet-stream) *(?:;|$)/i;

/** How a body is packed. */
export type Packing = "gzip" | "none";

/**
 * Looks at what is said of a body before it is read.
 *
 * @throws MillraceError USAGE (415) for a type or a coding that is not taken
 */
export function packingOf({ headers }: HttpRequest): Packing {
  const { "content-type": type = "", "content-encoding": coding = "identity" } = headers;
  if (!TAKEN.test(type.trim())) {
    throw refusal(415, "this address takes content-type: application/json, application/x-ndjson or text/plain");
  }
  switch (coding.trim().toLowerCase()) {
    case "identity":
      return "none";
    case "gzip":
    case "x-gzip":
      return "gzip";
    default:
      throw refusal(415, "the body may be packed with content-encoding: gzip, or not at all");
  }
}

/**
 * Unpacks a body.
 *
 * @throws MillraceError USAGE: 413 where more comes out of it than is taken, 400 where it is broken
 */
export async function unpacked(body: Buffer, packing: Packing, maxBytes: number): Promise<Buffer> {
  if (packing === "none") return body;
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (thrown) {
    const isTooLarge = thrown instanceof Error && "code" in thrown && thrown.code === "ERR_BUFFER_TOO_LARGE";
    if (isTooLarge) throw refusal(413, `the unpacked body is larger than ${maxBytes} bytes`);
    throw refusal(400, "the body is not gzip, as its content-encoding says");
  }
}

/**
 * Counts the records of a body.
 *
 * @throws MillraceError USAGE (400) for a body with nothing in it, or that is no JSON where it should be one value
 */
export function countRecords(body: Buffer, format: BodyFormat): number {
  if (format === "json") assertJson(body);
  const records = bordersOf(body, format).length / 2;
  if (records === 0 && format === "jsonl") throw refusal(400, "the body is empty; a line of JSON is a record");
  return records;
}

function assertJson(body: Buffer): void {
  try {
    JSON.parse(utf8.decode(body));
  } catch {
    // The parser's own words quote the body.
    throw refusal(400, "the body is not JSON in UTF-8");
  }
}
