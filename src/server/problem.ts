/**
 * Refusals and faults as `application/problem+json` (RFC 9457): the status and its name, what is wrong and what to do, and
 * our code. Never a stack, never a secret.
 */
import { type ErrorCode, type FaultClass, isMillraceError, MillraceError } from "../core/errors.ts";
import type { HttpReply } from "../core/ports/http-routes.ts";
import { redact } from "../core/redact.ts";
import { STATUS_CODES } from "./node-http.ts";

/** What a code is in HTTP. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  CONFIG_INVALID: 400,
  VARIABLE_UNSET: 400,
  JOB_UNKNOWN: 404,
  RUN_NOT_FOUND: 404,
  LEASE_HELD: 409,
  CLOSED: 503,
};

/** What any other is: the job cannot as it stands, something is away for a while, or the fault is ours. */
const STATUS_OF_FAULT: Record<FaultClass, number> = { usage: 409, transient: 503, record: 500, fatal: 500 };

/** After how long trying again may help. */
const RETRY_AFTER_SECONDS = 5;

/** The detail by which a refusal names its status. */
const HTTP_STATUS = "httpStatus";

/** A refusal that its code alone does not say the status of; to be thrown. */
export function refusal(httpStatus: number, message: string): MillraceError {
  return new MillraceError("USAGE", message, { details: { [HTTP_STATUS]: httpStatus } });
}

/** The reply for whatever was thrown. */
export function problemOf(thrown: unknown): HttpReply {
  // What others throw may say anything, and is told to the daemon's own log alone.
  if (!isMillraceError(thrown)) return problem(500, "INVARIANT", "a fault inside of millrace; its log says more");
  return problem(statusOf(thrown), thrown.code, thrown.message);
}

/** A problem as a reply. */
export function problem(
  status: number,
  code: ErrorCode,
  detail: string,
  headers: { readonly [name: string]: string } = {},
): HttpReply {
  const retry = status === 503 ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {};
  const title = STATUS_CODES[status] ?? "Error";
  const body = JSON.stringify({ type: "about:blank", title, status, detail: redact(detail), code });
  return { status, headers: { "content-type": "application/problem+json", ...retry, ...headers }, body: `${body}\n` };
}

function statusOf({ code, fault, details }: MillraceError): number {
  const own = details[HTTP_STATUS];
  return typeof own === "number" ? own : (STATUS[code] ?? STATUS_OF_FAULT[fault]);
}
