/** The connections of a server, and what is being said on each. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { clientProblem, endWith } from "./client-error.ts";
import type { Exchanges } from "./exchange.ts";
import { problem } from "./problem.ts";

/** Hands their requests to the exchanges, and ends them. */
export class Connections {
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

  /** Takes no more of them and waits until all have ended. @param deadlineMs those that are open then are cut off */
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
