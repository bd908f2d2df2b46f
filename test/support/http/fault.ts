/** What can go wrong with one exchange: instead of the answer, on its way, or after the server has acted. */

/** How a server says how long to wait. */
export interface RetryAfter {
  readonly ms: number;
  /** Whole seconds, or a date: HTTP knows nothing finer. */
  readonly as: "seconds" | "date";
  /** How far the server's clock is ahead of ours; its `Date` header shows it. */
  readonly skewMs?: number;
}

/** One fault; as data, so that a server in another process can be told. */
export type Fault =
  /** The server does not act and answers this. */
  | {
      readonly does: "refuse";
      readonly status: number;
      readonly retryAfter?: RetryAfter;
      readonly headers?: { readonly [name: string]: string };
      readonly body?: string;
    }
  /** The server does not act, and the connection breaks. */
  | { readonly does: "reset" }
  /** The server does not act, and says nothing until the client leaves. */
  | { readonly does: "ignore" }
  /** The server acts, and the connection breaks before a byte of the answer. */
  | { readonly does: "lose" }
  /** The server acts, and then says that it failed. */
  | { readonly does: "fail-after"; readonly status: number }
  /**
   * The connection breaks in the middle of the body. `sound`: the message ends in order, as if the body were no longer.
   * `after`: bytes; half of a body whose length is known when absent.
   */
  | { readonly does: "cut"; readonly framing: "length" | "chunked" | "sound"; readonly after?: number }
  /** The body ends elsewhere than Content-Length says: `by` bytes later (never), or sooner. */
  | { readonly does: "misdeclare"; readonly by: number }
  /** The body comes a few bytes at a time. */
  | { readonly does: "trickle"; readonly bytes: number; readonly everyMs: number }
  /** The body stops, and the connection stays. */
  | { readonly does: "stall"; readonly after?: number }
  /** The answer is late. */
  | { readonly does: "delay"; readonly ms: number }
  /** Something stands before the body, such as a byte order mark. */
  | { readonly does: "prefix"; readonly text: string }
  /** The body is said to be compressed and is not. */
  | { readonly does: "mislabel"; readonly coding: string }
  /** A compressed body that is this long when inflated. */
  | { readonly does: "bomb"; readonly bytes: number }
  /** All is well, and the connection is closed unannounced once the client believes that it may use it again. */
  | { readonly does: "hang-up" };

/** A page for people where a program was to be answered, as proxies and logins send it. */
export const LOGIN_PAGE: Fault = {
  does: "refuse",
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action=/login></form></body></html>",
};

/** No content, with success. */
export const NO_CONTENT: Fault = { does: "refuse", status: 204 };

/** Nothing, with success. */
export const EMPTY: Fault = { does: "refuse", status: 200, headers: { "content-type": "application/json" } };

/** Text that is no JSON, with success. */
export const NOT_JSON: Fault = {
  does: "refuse",
  status: 200,
  headers: { "content-type": "application/json" },
  body: '{"data":[{"id":1},],',
};

/** The server does not act and answers this. */
export function refuses(status: number, body = "", headers: { readonly [name: string]: string } = {}): Fault {
  return { does: "refuse", status, body, headers };
}

/** What the server answers to a request that a fault refuses. */
export function refusalHeaders({ headers = {}, retryAfter }: Extract<Fault, { does: "refuse" }>): {
  readonly [name: string]: string;
} {
  if (retryAfter === undefined) return headers;
  const { ms, as, skewMs = 0 } = retryAfter;
  if (as === "seconds") return { ...headers, "retry-after": String(Math.ceil(ms / 1_000)) };
  const now = Date.now() + skewMs;
  return { ...headers, date: new Date(now).toUTCString(), "retry-after": new Date(now + ms).toUTCString() };
}
