/** What went wrong with a call, for those who made it. */
import { STATUS_CODES } from "node:http";
import type { HttpAnswer, HttpCall } from "../connectors/http/client/port.ts";
import { shownUrl } from "../connectors/http/client/shown-url.ts";
import { isMillraceError, MillraceError } from "../core/errors.ts";

/**
 * The status with which a server refused a call; undefined for an error of another kind, or where there was no answer.
 *
 * @example
 * const user = await api.getJson(path`users/${id}`).catch((error) => {
 *   if (statusOf(error) === 403) return context.reject("not ours to see");
 *   throw error;
 * });
 */
export function statusOf(error: unknown): number | undefined {
  if (!isMillraceError(error, "REQUEST_FAILED")) return undefined;
  const { status } = error.details;
  return typeof status === "number" ? status : undefined;
}

/** How long the server asks to be left alone, in milliseconds; 0 where it does not say. */
export function retryAfterOf({ details }: MillraceError): number {
  const { retryAfterMs } = details;
  return typeof retryAfterMs === "number" ? retryAfterMs : 0;
}

/**
 * The client's fault as the error of a call: whether a source or a sink would have met it is nothing to its caller.
 *
 * @param message in place of the fault's own
 */
export function requestFailed(fault: MillraceError, attempts: number, message = fault.message): MillraceError {
  const tried = attempts === 1 ? "" : ` (sent ${attempts} times)`;
  return new MillraceError("REQUEST_FAILED", `${message}${tried}`, {
    cause: fault.cause,
    fault: fault.retryable ? "transient" : "record",
    details: fault.details,
  });
}

/** What a server answered, in words. @param said its body, without secrets */
export function answerText({ method }: HttpCall, { url, status }: HttpAnswer, said: string): string {
  const words = [method, shownUrl(url), "answered", status, STATUS_CODES[status] ?? ""].join(" ").trimEnd();
  return said === "" ? words : `${words}: ${said}`;
}
