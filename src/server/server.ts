/** An HTTP server over routes: its life, and its bounds against clients that are slow, greedy or broken. */
import type { Server } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { HttpRoute } from "../core/ports/http-routes.ts";
import { Connections } from "./connections.ts";
import { Exchanges } from "./exchange.ts";
import type { Gate } from "./gate.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { listen, type ListenAddress } from "./listen.ts";
import { createServer } from "./node-http.ts";
import { Router } from "./router.ts";

/** What a server is made of. */
export interface RouteServerOptions extends ListenAddress {
  readonly routes: readonly HttpRoute[];
  readonly gate: Gate;
  readonly clock: Clock;
  /** Other bounds than {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
  /** Told of faults of the server itself, which its clients only hear of as a 500. */
  readonly report?: (fault: unknown) => void;
}

/** A server that listens. */
export interface RouteServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  /** Where others add theirs. */
  readonly routes: Pick<Router, "add">;
  /**
   * Takes no more connections, ends event streams, lets requests under way finish.
   *
   * @param deadlineMs what is still open then is cut off
   */
  close(options: { readonly deadlineMs: number }): Promise<void>;
}

/**
 * Serves routes over HTTP.
 *
 * @throws MillraceError USAGE where it cannot listen; the message says what to do
 * @example
 * const names = { host: "source.listen", port: "source.listen" };
 * await using server = await serveRoutes({ host: "127.0.0.1", port: 8080, names, routes: [route], gate, clock: systemClock });
 */
export async function serveRoutes(options: RouteServerOptions): Promise<RouteServer> {
  const { routes, gate, clock, report = () => {} } = options;
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const router = new Router(routes);
  const server = boundedServer(limits);
  const connections = new Connections(server, new Exchanges({ router, gate, clock, limits, report }));
  const url = await listen(server, options);
  // Accepting may fail while the process is out of descriptors; it goes on when there are some again.
  server.on("error", report);
  let closed: Promise<void> | undefined;
  const close = (deadlineMs: number): Promise<void> => (closed ??= connections.close(clock, deadlineMs));
  return {
    url,
    routes: router,
    close: ({ deadlineMs }) => close(deadlineMs),
    [Symbol.asyncDispose]: () => close(0),
  };
}

function boundedServer(limits: HttpLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.lookEveryMs,
    // Node's own refusal is no problem+json; target.ts asks for the header.
    requireHostHeader: false,
  });
  server.maxConnections = limits.connections;
  return server;
}
