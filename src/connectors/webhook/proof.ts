/** Whether a request is from whom it should be. Every comparison takes the same time, whatever was sent. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HttpReply, HttpRequest } from "../../core/ports/http-routes.ts";
import { problem } from "../../server/problem.ts";
import type { WebhookSourceOptions } from "./options.ts";

type Headers = HttpRequest["headers"];

/** Looks at requests. Each gives null where a request may go on. */
export interface Proof {
  /** What its headers alone show. */
  ofHeaders(headers: Headers): HttpReply | null;
  /** What its body shows, as it was sent. */
  ofBody(headers: Headers, body: Uint8Array): HttpReply | null;
}

/** What the options ask for. */
export function proofOf(auth: WebhookSourceOptions["auth"]): Proof {
  switch (auth?.type) {
    case "bearer":
      return { ofHeaders: (headers) => refuseToken(headers["authorization"], auth.token), ofBody: () => null };
    case "hmac":
      return {
        ofHeaders: (headers) => (headers[auth.header.toLowerCase()] === undefined ? unsigned(auth) : null),
        ofBody: (headers, body) => (isSigned(headers, body, auth) ? null : unsigned(auth)),
      };
    default:
      return { ofHeaders: () => null, ofBody: () => null };
  }
}

function refuseToken(authorization: string | undefined, token: string): HttpReply | null {
  const given = /^Bearer +(?<token>\S+) *$/i.exec(authorization ?? "")?.groups?.["token"];
  // Hashes have one length.
  if (given !== undefined && timingSafeEqual(hashOf(given), hashOf(token))) return null;
  const detail = given === undefined ? "this address asks for Authorization: Bearer" : "that is not the token";
  return problem(401, "USAGE", detail, { "www-authenticate": 'Bearer realm="webhook"' });
}

type Hmac = Extract<NonNullable<WebhookSourceOptions["auth"]>, { readonly type: "hmac" }>;

function isSigned(headers: Headers, body: Uint8Array, { secret, header, encoding, prefix, algorithm }: Hmac): boolean {
  const given = headers[header.toLowerCase()] ?? "";
  if (!given.startsWith(prefix)) return false;
  const signature = Buffer.from(given.slice(prefix.length).trim(), encoding);
  const expected = createHmac(algorithm, secret).update(body).digest();
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

function unsigned({ header }: Hmac): HttpReply {
  const detail = `the header ${header.toLowerCase()} does not sign this body`;
  return problem(401, "USAGE", detail, { "www-authenticate": 'Signature realm="webhook"' });
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
