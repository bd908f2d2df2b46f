/** Routes of the runtime's HTTP server as a port: whoever has an address to offer (the API, a webhook) adds it. */

/** A request as a route sees it. */
export interface HttpRequest {
  readonly method: string;
  /** What stood for the parts of the route's path that begin with a colon, decoded. */
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  /** By lower-case name; of a header that came several times the first, or all with commas between, as HTTP says. */
  readonly headers: { readonly [name: string]: string | undefined };
  /** Aborted when the client has gone, and for a stream when the server begins to close. */
  readonly signal: AbortSignal;
  /**
   * The whole body.
   *
   * @throws MillraceError USAGE, which becomes a 413, when it is larger; ABORTED when the client goes away meanwhile
   */
  readBody(maxBytes: number): Promise<Buffer>;
}

/** What a route answers. */
export interface HttpReply {
  readonly status: number;
  /** By lower-case name. Those that harden every reply are added. */
  readonly headers?: { readonly [name: string]: string };
  /** Absent: none. */
  readonly body?: string | HttpStream;
}

/**
 * A body that is written as things happen, until the promise resolves. `write` never waits: a client that reads too slowly
 * is dropped, and the request's signal tells. It is not called for a `HEAD`.
 */
export type HttpStream = (write: (text: string) => void) => Promise<void>;

/** One address of the server. */
export interface HttpRoute {
  readonly method: "GET" | "POST";
  /** `/api/jobs/:job`; a part that begins with a colon stands for anything but nothing. */
  readonly path: string;
  /**
   * `token`: only with the server's token, where it has one. `open`: for everybody but pages of other sites. `own`: the
   * route asks for a proof of its own, and whoever has it may be anywhere.
   */
  readonly access: "open" | "own" | "token";
  /** Whatever it throws becomes a problem; the code of a MillraceError chooses the status. */
  handle(request: HttpRequest): Promise<HttpReply> | HttpReply;
}

/** Where routes are added. */
export interface HttpRoutes {
  /** Whether more than this machine may reach them. */
  readonly exposed: boolean;
  /**
   * Adds a route, until it is disposed of.
   *
   * @throws MillraceError USAGE where another route has the address
   */
  add(route: HttpRoute): Disposable;
}
