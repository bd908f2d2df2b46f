/** The HTTP server of a runtime: its life, and its bounds against clients that are slow, greedy or broken. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import type { HttpRoutes } from "../../core/ports/http-routes.ts";
import type { Runtime } from "../runtime-api.ts";
import { addressOf, type AdminOptions } from "./admin-options.ts";
import { clientProblem, endWith } from "./client-error.ts";
import { Exchanges } from "./exchange.ts";
import { Guard } from "./guard.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { listen } from "./listen.ts";
import { createServer } from "./node-http.ts";
import { problem } from "./problem.ts";
import { Router } from "./router.ts";
import { adminRoutes } from "./routes/admin-routes.ts";

/** What else a server is made of. */
export interface AdminServerOptions extends AdminOptions {
  readonly clock: Clock;
  /** Other bounds than {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
  /** Told of faults of the server itself, which its clients only hear of as a 500. */
  readonly report?: (fault: unknown) => void;
}

/** A server that listens. */
export interface AdminServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  /** Where others add theirs. */
  readonly routes: HttpRoutes;
  /**
   * Takes no more connections, ends event streams, lets requests under way finish.
   *
   * @param deadlineMs what is still open then is cut off
   */
  close(options: { readonly deadlineMs: number }): Promise<void>;
}

/**
 * Serves a runtime over HTTP, as CONTRACT "HTTP of the daemon".
 *
 * @throws MillraceError USAGE where it may not or cannot listen; the message says what to do
 * @example
 * await using server = await serveAdmin(runtime, { port: 9464, clock: runtime.clock });
 */
export async function serveAdmin(runtime: Runtime, options: AdminServerOptions): Promise<AdminServer> {
  const { clock, report = () => {} } = options;
  const address = addressOf(options);
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const router = new Router(adminRoutes(runtime, { clock, limits }));
  const exchanges = new Exchanges({ router, guard: new Guard(address), clock, limits, report });
  const server = boundedServer(limits);
  const connections = new Connections(server, exchanges);
  const url = await listen(server, address);
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

/** The connections of a server, and what is being said on each. */
class Connections {
  readonly #server: Server;
  readonly #exchanges: Exchanges;
  readonly #sockets = new Set<Socket>();
  /** The one reply that a connection waits for; null: several, so that nothing can be put between them. */
  readonly #open = new WeakMap<Socket, ServerResponse | null>();

  constructor(server: Server, exchanges: Exchanges) {
    this.#server = server;
    this.#exchanges = exchanges;
    const answer = (request: IncomingMessage, response: ServerResponse): void => this.#answer(request, response);
    server.on("connection", (socket: Socket) => this.#keep(socket));
    server.on("request", answer);
    // The body's reader tells the client to go on, once it is known that the body is wanted.
    server.on("checkContinue", answer);
    server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
      exchanges.refuse(response, problem(417, "USAGE", "the only expectation that is known is 100-continue"));
    });
    server.on("connect", (_request: IncomingMessage, socket: Socket) => {
      endWith(socket, problem(405, "USAGE", "this is no proxy", { allow: "GET, HEAD, POST, OPTIONS" }));
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#refuse(error, socket));
  }

  async close(clock: Clock, deadlineMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#exchanges.close();
    if (deadlineMs <= 0) this.#cutOff();
    using _deadline = clock.timer(deadlineMs, () => this.#cutOff());
    await ended;
  }

  #cutOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#open.set(socket, this.#open.has(socket) ? null : response);
    response.once("close", () => {
      if (this.#open.get(socket) === response) this.#open.delete(socket);
      // A connection that falls idle only now would keep a closing server waiting.
      if (!this.#server.listening) setImmediate(() => this.#server.closeIdleConnections());
    });
    void this.#exchanges.answer(request, response);
  }

  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const response = this.#open.get(socket);
    const silent = response === undefined || response?.headersSent === false;
    if (silent && socket.writable && error.code !== "ECONNRESET") endWith(socket, clientProblem(error.code));
    else socket.destroy();
  }
}
