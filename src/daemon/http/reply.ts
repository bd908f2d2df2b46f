/** Replies of the API: JSON without secrets and without numbers that JSON does not have. */
import type { HttpReply } from "../../core/ports/http-routes.ts";
import { redact } from "../../core/redact.ts";

/** A value as a reply. */
export function json(value: unknown, status = 200, headers: { readonly [name: string]: string } = {}): HttpReply {
  return jsonText(toJson(value), status, headers);
}

/** The same of what is JSON already; what stands in it is not looked at. */
export function jsonText(text: string, status = 200, headers: { readonly [name: string]: string } = {}): HttpReply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: `${text}\n` };
}

/** JSON on one line; texts lose what looks like a secret, whoever forgot it there. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return Number(part);
    return typeof part === "string" ? redact(part) : part;
  });
}
