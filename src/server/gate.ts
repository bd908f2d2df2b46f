/** Who is let in at all, decided before anything is done for a request. */
import type { HttpReply, HttpRoute } from "../core/ports/http-routes.ts";

/** What is known of a request before it is let in. */
export interface Caller {
  readonly method: string;
  /** The `Host` header. */
  readonly host: string;
  /** These headers, where there are any. */
  readonly authorization: string | undefined;
  readonly origin: string | undefined;
  /** What the address asks for; null: there is nothing at it. */
  readonly access: HttpRoute["access"] | null;
}

/** Lets requests in, or says why not. Whoever may not ask should learn nothing else, also not which addresses there are. */
export interface Gate {
  /** @returns null: it may go on */
  refuse(caller: Caller): HttpReply | null;
}
