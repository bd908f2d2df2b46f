/** One call as it is asked for, and the request that it becomes. */
import type { HttpCall } from "../connectors/http/client/port.ts";
import type { Addresses, HttpQuery } from "./address.ts";
import type { Time } from "./options.ts";

/** What every call may be told. */
export interface HttpCallOptions {
  /** Ends the call, its waits too; a transform gives its `context.signal`. */
  readonly signal?: AbortSignal;
  /** In place of the client's of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: HttpQuery;
  /** Time for the whole call, further attempts and the waits between them too. */
  readonly timeout?: Time;
  /**
   * Whether the request may arrive twice, so that it is sent again also when nobody knows what became of it. By default
   * what HTTP says of its method (GET, HEAD, OPTIONS, PUT and DELETE may), and every request with an `idempotency-key`.
   */
  readonly repeatable?: boolean;
}

/** A call with a method and a body of its own. */
export interface HttpRequest extends HttpCallOptions {
  /** GET by default; POST where there is a body. */
  readonly method?: string;
  /** Sent as it stands. */
  readonly body?: string | Uint8Array;
  /** Sent as JSON, in place of `body`. */
  readonly json?: unknown;
}

/** RFC 9110, 9.2.2. */
const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** A request that is ready to be sent, and whether it may be sent twice. */
export interface Prepared {
  readonly call: HttpCall;
  readonly repeatable: boolean;
}

/** The compiler's library does not know it yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Large integers are numbers like any other, to the last digit. */
function withWholeNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}

/** @throws MillraceError USAGE, REQUEST_FAILED for an address that is none of the client's */
export function prepare(addresses: Addresses, address: string | URL, request: HttpRequest): Prepared {
  const { json, headers = {}, query } = request;
  const text = json === undefined ? request.body : JSON.stringify(json, withWholeNumbers);
  const body = typeof text === "string" ? Buffer.from(text) : text;
  const method = (request.method ?? (body === undefined ? "GET" : "POST")).toUpperCase();
  const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const all: Record<string, string> = {
    ...(json === undefined ? {} : { "content-type": "application/json" }),
    ...Object.fromEntries(names),
  };
  return {
    call: { method, url: addresses.of(address, query), headers: all, ...(body !== undefined && { body }) },
    repeatable: request.repeatable ?? (REPEATABLE.has(method) || "idempotency-key" in all),
  };
}
