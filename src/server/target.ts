/** What a request asks for, and of which host, before anything of it is believed. */
import type { IncomingMessage } from "node:http";
import { refusal } from "./problem.ts";

/** The target of a request. */
export interface Target {
  /** As the request names it: `localhost:9464`. */
  readonly host: string;
  /** The parts of the path, decoded; none for `OPTIONS *`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** `https://host/path` as proxies are asked; servers have to understand it (RFC 9112, 3.2.2). */
const ABSOLUTE = /^https?:\/\/(?<host>[^/?#]*)(?<rest>.*)$/is;

/**
 * Reads the target of a request.
 *
 * @throws MillraceError USAGE (400) for a path that cannot be decoded, for no host or two
 */
export function targetOf({ url = "", headersDistinct, httpVersion }: IncomingMessage): Target {
  const { host: absoluteHost, rest = url } = ABSOLUTE.exec(url)?.groups ?? {};
  const hosts = absoluteHost === undefined ? (headersDistinct["host"] ?? []) : [absoluteHost];
  // Probes of load balancers may speak HTTP/1.0, which has no Host; no browser does.
  const [host = httpVersion === "1.0" ? "localhost" : undefined] = hosts;
  if (host === undefined || hosts.length > 1) throw refusal(400, "the request needs one Host header");
  const [path = "", ...query] = rest.split("?");
  return { host, parts: partsOf(path), query: new URLSearchParams(query.join("?")) };
}

function partsOf(path: string): readonly string[] {
  if (path === "*" || path === "") return [];
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    throw refusal(400, "the path holds a % that is not followed by two digits of a character in UTF-8");
  }
}
